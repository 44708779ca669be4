/* hook score(words: text(1000)) -> number: how loud a complaint is, from 0 to 1.
 *
 * The world `scorer` by hand, as the canonical ABI of the component model makes it of
 *
 *   score: func(ctx: context, subject: json) -> result<f64, hook-error>
 *
 * Its sixteen parameters come one by one, a text as its place and its length; the answer is a record in memory. */

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

/* result<f64, hook-error> */
static struct {
    u8 failed;
    union {
        double number;
        struct {
            u8 kind; /* 0 invalid, 1 rejected, 2 retryable, 3 failed */
            const char *why;
            u32 length;
        } error;
    } is;
} answer;

_Static_assert(sizeof answer == 24, "the layout that the ABI asks for");

/* Signs of exclamation in all that the hook is told: {"words":"…"} */
static double loudness(const char *subject, u32 length) {
    double loud = 0;
    for (u32 i = 0; i < length; i++) loud += subject[i] == '!';
    return loud / (loud + 1);
}

__attribute__((export_name("score"))) void *score(
    const char *journey, u32 journey_length, const char *version, u32 version_length,
    const char *hook, u32 hook_length, const char *execution, u32 execution_length,
    u64 step, u32 attempt, u64 now_ms, u64 seed, const char *config, u32 config_length,
    const char *subject, u32 subject_length) {
    answer.failed = 0;
    answer.is.number = loudness(subject, subject_length);
    return &answer;
}

/* Where the host puts the texts. Each call has an instance of its own, so nothing is given back. */
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
