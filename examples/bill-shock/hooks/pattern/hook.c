/* The world `chooser` of journey:hooks@1.0.0, by hand: what the canonical ABI of the component model makes of it.
 *
 *   choose: func(ctx: context, subject: json, options: list<string>) -> result<u32, hook-error>
 *
 * Its parameters are more than sixteen core values, so they come as one record in memory; so does the answer. */
#include "judge.h"

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

struct text {
    const char *at;
    u32 length;
};

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
struct answer {
    u8 failed;
    union {
        u32 place;
        struct {
            u8 kind; /* 0 invalid, 1 rejected, 2 retryable, 3 failed */
            struct text why;
        } error;
    } is;
};

_Static_assert(sizeof(struct question) == 88 && sizeof(struct answer) == 16, "the layout that the ABI asks for");

static struct answer answer;

static u32 size(const char *text) {
    u32 length = 0;
    while (text[length]) length++;
    return length;
}

static struct answer *invalid(const char *why) {
    answer.failed = 1;
    answer.is.error.kind = 0;
    answer.is.error.why.at = why;
    answer.is.error.why.length = size(why);
    return &answer;
}

__attribute__((export_name("choose"))) struct answer *choose(const struct question *question) {
    static const char *const NAMES[] = {"usual", "raised", "unusual"};
    struct usage usage;
    const char *wrong = read_usage(question->subject.at, question->subject.length, &usage);
    if (wrong) return invalid(wrong);
    const char *name = NAMES[judge(&usage)];
    for (u32 i = 0; i < question->option_count; i++) {
        const struct text *option = &question->options[i];
        u32 same = 0;
        while (same < option->length && name[same] == option->at[same]) same++;
        if (same == option->length && !name[same]) {
            answer.failed = 0;
            answer.is.place = i;
            return &answer;
        }
    }
    return invalid("the declaration lacks one of `usual`, `raised`, `unusual`");
}

/* Where the host puts the arguments. Each call has an instance of its own, so nothing is given back. */
extern u8 __heap_base;
static u32 next;

__attribute__((export_name("cabi_realloc"))) void *cabi_realloc(void *old, u32 old_size, u32 align, u32 new_size) {
    if (!next) next = (u32)&__heap_base;
    u32 at = (next + align - 1) & ~(align - 1);
    u32 end = at + new_size;
    u32 has = __builtin_wasm_memory_size(0) << 16;
    if (end < at) __builtin_trap();
    if (end > has && __builtin_wasm_memory_grow(0, (end - has + 0xffff) >> 16) == (__SIZE_TYPE__)-1) __builtin_trap();
    for (u32 i = 0; i < old_size && i < new_size; i++) ((u8 *)at)[i] = ((u8 *)old)[i];
    next = end;
    return (void *)at;
}
