//! Messages of which nobody knows whether they went out.

use journey_runtime::gateway::SendError;
use journey_runtime::store::Memory;
use journey_runtime::{Event, Given, Options, Runtime, Scope};
use journey_spec::program::{Channel, SECOND};
use journey_step::What;
use serde_json::json;

use super::*;

#[tokio::test]
async fn in_doubt_is_sent_again_with_its_id_or_not_at_all() {
    for once in [false, true] {
        let provider = Provider::default();
        provider.plan([Err(SendError::InDoubt("no answer".into()))]);
        let mut built = builder(&provider).store(Memory::new());
        if once {
            built = built.channel_at_most_once("sms", provider.clone());
        }
        let runtime = built.start().unwrap();
        customer(&runtime, "a", "+44 7700 900123").await;
        order(&runtime, "o1", "a").await;
        if once {
            // The journey hears that it failed, and a person takes over.
            until("the case", || runtime.measures().cases == 1).await;
            assert_eq!(runtime.customers_in("order", "agent").await.unwrap(), ["a"]);
            assert_eq!(provider.got().len(), 1);
        } else {
            until("delivery", || runtime.measures().delivered == 1).await;
            let ids: Vec<String> = provider.got().into_iter().map(|m| m.release.id.into()).collect();
            assert_eq!(ids.len(), 2);
            assert_eq!(ids[0], ids[1]);
        }
        runtime.shutdown().await;
    }
}

/// Whether the message that did not leave may have gone out, as the customer's timeline has it.
async fn unsent(runtime: &Runtime) -> Option<bool> {
    let timeline = runtime.timeline("a").await.unwrap();
    timeline.into_iter().find_map(|e| if let What::Unsent { in_doubt, .. } = e.what { Some(in_doubt) } else { None })
}

#[tokio::test]
async fn what_keeps_a_message_back_does_not_make_an_attempt_undone() {
    for (tried, by) in [(true, "withdrawn"), (true, "paused"), (true, "moved"), (true, "stop"), (false, "withdrawn")] {
        let provider = Provider::default();
        let failed = if tried { SendError::InDoubt("no answer".into()) } else { SendError::NotSent("down".into()) };
        provider.plan([Err(failed)]);
        let clock = Manual::at(t0());
        let runtime = builder(&provider).store(Memory::new()).clock(clock.clone()).start().unwrap();
        customer(&runtime, "a", "+44 7700 900123").await;
        order(&runtime, "o1", "a").await;
        until("an attempt", || runtime.measures().failed_attempts == 1).await;
        clock.set(t0() + SECOND / 10);
        match by {
            "withdrawn" => runtime.withdraw(Scope::Channel(Channel::Sms)).await.unwrap(),
            "paused" => runtime.pause(Scope::Channel(Channel::Sms), None).await.unwrap(),
            "moved" => {
                let data = json!({"first_name": "V", "phone": "+44 7700 900999", "zone": "Europe/London"});
                drop(runtime.deliver(Event::updated("a").id("moved").data(data)).await.unwrap());
            }
            _ => drop(runtime.deliver(Given::opt_out("stop", "a", "sms")).await.unwrap()),
        }
        clock.set(t0() + SECOND);
        until("that it is judged again", || runtime.measures().judged_again == 1).await;
        assert_eq!(unsent(&runtime).await, Some(tried), "{by}");
        runtime.shutdown().await;
    }
}

#[tokio::test]
async fn what_a_process_may_have_sent_before_it_ended_is_in_doubt_in_the_next() {
    let memory = Memory::new();
    let (before, after) =
        (Provider { slow: Some(Duration::from_secs(60)), ..Provider::default() }, Provider::default());
    let clock = Manual::at(t0());
    let start = |provider: &Provider| {
        let options = Options { drain: Duration::from_millis(1), ..Options::default() };
        let built = builder(provider).store(memory.reopen()).clock(clock.clone());
        built.options(options).start().unwrap()
    };
    let runtime = start(&before);
    customer(&runtime, "a", "+44 7700 900123").await;
    order(&runtime, "o1", "a").await;
    runtime.shutdown().await;
    // In the same millisecond, as far as the clock can tell.
    after.plan([Err(SendError::NotSent("down".into()))]);
    let runtime = start(&after);
    runtime.withdraw(Scope::Channel(Channel::Sms)).await.unwrap();
    use journey_runtime::clock::Clock as _;
    // The attempt may still be under way when the clock is set first; what it leads to waits for a later time.
    until("that it is judged again", || {
        clock.set(clock.now() + 5 * SECOND);
        runtime.measures().judged_again > 0
    })
    .await;
    assert_eq!(unsent(&runtime).await, Some(true));
    runtime.shutdown().await;
}
