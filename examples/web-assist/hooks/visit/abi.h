/* What the canonical ABI of the component model makes of the types that scorers and choosers share. */
#ifndef ABI_H
#define ABI_H

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

struct text {
    const char *at;
    u32 length;
};

/* hook-error: 0 invalid, 1 rejected, 2 retryable, 3 failed */
struct error {
    u8 kind;
    struct text why;
};

static inline struct text words(const char *text) {
    u32 length = 0;
    while (text[length]) length++;
    return (struct text){text, length};
}

/* Where the host puts the arguments. Each call has an instance of its own, so nothing is given back. */
extern u8 __heap_base;

__attribute__((export_name("cabi_realloc"))) void *cabi_realloc(void *old, u32 old_size, u32 align, u32 new_size) {
    static u32 next;
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

#endif
