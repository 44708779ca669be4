/* The world `chooser` of journey:hooks@1.0.0, by hand.
 *
 *   choose: func(ctx: context, subject: json, options: list<string>) -> result<u32, hook-error>
 *
 * Its parameters are more than sixteen core values, so they come as one record in memory; so does the answer. */
#include "abi.h"
#include "visit.h"

struct question {
    struct text journey, version, hook, execution;
    u64 step;
    u32 attempt;
    u64 now_ms, seed;
    struct text config;
    struct text subject;
    const struct text *options;
    u32 option_count;
};

/* result<u32, hook-error>: 0 and the place, or 1 and why there is none. */
static struct answer {
    u8 failed;
    union {
        u32 place;
        struct error error;
    } is;
} answer;

_Static_assert(sizeof(struct question) == 88 && sizeof(struct answer) == 16, "the layout that the ABI asks for");

static int same(const struct text *option, struct text name) {
    u32 i = 0;
    while (i < option->length && i < name.length && option->at[i] == name.at[i]) i++;
    return i == option->length && i == name.length;
}

__attribute__((export_name("choose"))) struct answer *choose(const struct question *question) {
    static const char *const NAMES[] = {"patient", "technical", "billing", "mover"};
    struct visit visit;
    const char *wrong = read_visit(question->subject.at, question->subject.length, &visit);
    if (!wrong) {
        wrong = "the declaration lacks one of `patient`, `technical`, `billing`, `mover`";
        struct text name = words(NAMES[pairing(&visit)]);
        for (u32 i = 0; i < question->option_count; i++)
            if (same(&question->options[i], name)) {
                answer.failed = 0;
                answer.is.place = i;
                return &answer;
            }
    }
    answer.failed = 1;
    answer.is.error = (struct error){0, words(wrong)};
    return &answer;
}
