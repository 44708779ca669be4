// The visit of examples/appointment as its author would write it for XState 5, and the inputs of one visit that `engine step`
// takes. Timed are the pure `transition()`, which makes an actor anew for each call, and an actor a visit with `send()`, which does not.
//
// What a journey has and this lacks makes it faster, not slower. Of the house: limits over all journeys, quiet hours, consent and
// STOP, the other channel and language, days written as a language has them, whose message an answer is to, a timeline. Of the
// journey, none of it on the way of these inputs: the states after `unanswered` and `agreed`, limits on starts, on live instances and
// of two states, the service's call, `if past`, `valid until`, and timers that follow data which change while they wait.
import { assign, createActor, initialTransition, setup, transition } from 'xstate';

const MINUTE = 60_000, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
const day = (slot) => new Date(slot).toISOString().slice(0, 10), time = (slot) => new Date(slot).toISOString().slice(11, 16);
const params = (name, text) => ({ type: 'send', params: ({ context }) => ({ name, to: context.profile.phone, text: text(context) }) });
const handoff = (queue) => ({ type: 'handoff', params: ({ context }) => ({ queue, transcript: context.said }) });

const room = (state, n, per) => ({ context, event }) => (context.visits[state] ?? []).filter((at) => at > event.at - per).length < n;
const visit = (state, per) => assign({
  visits: ({ context, event }) => ({ ...context.visits, [state]: [...(context.visits[state] ?? []).filter((at) => at > event.at - per), event.at] }),
});
const limited = (state, n, per, fate) => [{ guard: room(state, n, per), target: `#visit.${state}` }, { target: `#visit.${fate}` }];

const take = { guard: ({ context, event }) => event.at >= context.newest, actions: 'take' };
const rescheduled = { 'booking.rescheduled': [{ ...take, target: '.settling' }, {}] };
const settling = { resting: {}, settling: { on: { 'booking.rescheduled': take }, after: { settle: limited('moved', 3, 7 * DAY, 'agent') } } };

const machine = setup({
  actions: {
    take: assign(({ event }) => ({ booking: event.booking, newest: event.at })),
    send: () => {}, handoff: () => {},
  },
  delays: {
    settle: 15 * MINUTE,
    dayBefore: ({ context, event }) => Math.max(0, Date.parse(context.booking.slot) - DAY - event.at),
    atSlot: ({ context, event }) => Math.max(0, Date.parse(context.booking.slot) - event.at),
  },
}).createMachine({
  id: 'visit', initial: 'none', context: { profile: {}, booking: null, newest: 0, visits: {}, said: [] },
  on: {
    'customer.updated': { actions: assign({ profile: ({ event }) => event.profile }) },
    'booking.cancelled': { target: '.calling_off' },
    'reply.change': { target: '.agent' },
    'reply.call_off': { target: '.asking_off' },
    reply: { actions: [assign({ said: ({ context, event }) => [...context.said, event.text] }), handoff('care')] },
    'booking.rescheduled': take,
  },
  states: {
    none: { on: { 'booking.created': { target: 'booked', actions: 'take' } } },
    booked: {
      entry: params('confirmation', ({ profile, booking }) => `Hi ${profile.first_name}, your engineer comes ${day(booking.slot)} at ${time(booking.slot)}. Reply CHANGE to move it, NO VISIT to call it off.`),
      always: 'waiting',
    },
    moved: {
      entry: [visit('moved', 7 * DAY), params('moved_notice', ({ booking }) => `Your visit is now ${day(booking.slot)} at ${time(booking.slot)}.`)],
      always: 'waiting',
    },
    waiting: { initial: 'resting', states: settling, on: { ...rescheduled, blocked: 'agent' }, after: { dayBefore: limited('tomorrow', 2, 7 * DAY, 'agent') } },
    tomorrow: {
      entry: [visit('tomorrow', 7 * DAY), params('reminder', ({ booking }) => `Your engineer comes ${day(booking.slot)} at ${time(booking.slot)}.`)],
      always: 'soon',
    },
    soon: { initial: 'resting', states: settling, on: { ...rescheduled, blocked: 'agent' }, after: { atSlot: 'day' } },
    day: { initial: 'resting', states: settling, on: rescheduled, after: { [12 * HOUR]: 'visited' } },
    asking_off: { on: { done: 'calling_off', refused: 'agent', failed: 'agent' }, after: { 30000: 'agent' } },
    calling_off: {
      entry: params('called_off', () => 'Your visit is off. Reply BOOK for a new one.'),
      on: { 'reply.book': 'rebooking', 'reply.call_off': {} }, after: { [2 * DAY]: 'cancelled' },
    },
    rebooking: { entry: handoff('scheduling'), on: { 'handoff.closed': 'cancelled' }, after: { [3 * DAY]: 'cancelled' } },
    agent: { entry: handoff('scheduling'), on: { 'booking.rescheduled': take, 'handoff.closed': 'waiting' }, after: { [3 * DAY]: 'unanswered' } },
    unanswered: { type: 'final' }, visited: { type: 'final' }, cancelled: { type: 'final' },
  },
});

const begin = Date.parse('2026-03-02T10:00:00Z');
const booking = (slot) => ({ id: 'B1', slot, engineer: 'Ada' });
const inputs = [
  { type: 'customer.updated', at: begin, profile: { first_name: 'Victoria', phone: '+44 7700 900123', zone: 'Europe/London' } },
  { type: 'booking.created', at: begin + MINUTE, booking: booking('2026-03-20T09:00:00Z') },
  ...[0, 1, 2, 3].map((n) => ({ type: 'booking.rescheduled', at: begin + DAY + n * MINUTE, booking: booking('2026-03-21T09:00:00Z') })),
  // Fifteen minutes after the first; `engine` looks at what is due five minutes later.
  { type: 'xstate.after.settle.visit.waiting.settling', at: Date.parse('2026-03-03T10:15:00Z') },
  { type: 'reply', at: begin + DAY + 40 * MINUTE, text: 'thank you' },
  { type: 'xstate.after.dayBefore.visit.waiting', at: Date.parse('2026-03-20T09:00:00Z') },
  { type: 'xstate.after.atSlot.visit.soon', at: Date.parse('2026-03-21T09:00:00Z') },
  { type: `xstate.after.${12 * HOUR}.visit.day`, at: Date.parse('2026-03-21T21:00:00Z') },
];
const [first] = initialTransition(machine);

// It goes the way of the journey, or it is no comparison.
const went = [];
let state = first, sent = [];
for (const input of inputs) {
  const [next, actions] = transition(machine, state, input);
  state = next;
  went.push(typeof next.value === 'string' ? next.value : Object.entries(next.value).flat().join('.'));
  sent.push(...actions.filter(({ type }) => type === 'send' || type === 'handoff').map(({ params }) => params.name ?? params.queue));
}
const expected = 'none waiting.resting waiting.settling waiting.settling waiting.settling waiting.settling waiting.resting waiting.resting soon.resting day.resting visited';
if (went.join(' ') !== expected) throw new Error(`it went ${went.join(' ')}`);
if (sent.join(' ') !== 'confirmation moved_notice care reminder') throw new Error(`it sent ${sent.join(' ')}`);

const seconds = Number(process.argv[2] ?? 5);
const timed = (name, visit) => {
  let steps = 0, began = 0;
  for (const warm of [true, false]) {
    steps = 0;
    began = performance.now();
    while (performance.now() - began < (warm ? 1 : seconds) * 1000) {
      for (let n = 0; n < 100; n++) { visit(); steps += inputs.length; }
    }
  }
  console.log(`xstate, the same visit, ${name}: ${(steps / (performance.now() - began) * 1000).toFixed(0)}/s`);
};
timed('pure transition()', () => {
  let state = first;
  for (const input of inputs) [state] = transition(machine, state, input);
});
// Timers come as inputs here, too.
const clock = { setTimeout: () => 0, clearTimeout: () => {} };
const whole = () => {
  const actor = createActor(machine, { clock }).start();
  for (const input of inputs) actor.send(input);
  return actor;
};
if (whole().getSnapshot().value !== 'visited') throw new Error('an actor goes another way');
timed('an actor, send()', whole);
