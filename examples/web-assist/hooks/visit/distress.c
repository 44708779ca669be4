/* The world `scorer` of journey:hooks@1.0.0, by hand.
 *
 *   score: func(ctx: context, subject: json) -> result<f64, hook-error>
 *
 * Its parameters are sixteen core values, just as many as may come one by one; the answer comes in memory. */
#include "abi.h"
#include "visit.h"

/* result<f64, hook-error>: 0 and the score, or 1 and why there is none. */
static struct answer {
    u8 failed;
    union {
        double score;
        struct error error;
    } is;
} answer;

_Static_assert(sizeof(struct answer) == 24, "the layout that the ABI asks for");

__attribute__((export_name("score"))) struct answer *score(
    struct text *journey, u32 journey_length, struct text *version, u32 version_length, struct text *hook, u32 hook_length,
    struct text *execution, u32 execution_length, u64 step, u32 attempt, u64 now_ms, u64 seed, struct text *config,
    u32 config_length, const char *subject, u32 length) {
    struct visit visit;
    const char *wrong = read_visit(subject, length, &visit);
    answer.failed = wrong != 0;
    if (wrong)
        answer.is.error = (struct error){0, words(wrong)};
    else
        answer.is.score = distress(&visit);
    return &answer;
}
