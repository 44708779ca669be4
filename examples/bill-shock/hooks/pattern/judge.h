/* How far a day's use is from what this customer usually uses. No libc, no state: the same figures give the same answer. */
#ifndef JUDGE_H
#define JUDGE_H

/* What the journey tells of a day so far. */
struct usage {
    double today;   /* used since midnight, in the unit of `usual` */
    double usual;   /* what a whole day usually takes: the mean of the last weeks */
    double spread;  /* how much days differ: the standard deviation of the same weeks */
    double hour;    /* of the customer's clock, 0 to 24 */
    int roaming;    /* whether it was used abroad, where it costs more */
};

enum pattern { USUAL, RAISED, UNUSUAL };

enum pattern judge(const struct usage *usage);

/* Reads {"usage": {...}} as the runtime writes it. Gives 0, or what is missing in words. */
const char *read_usage(const char *json, unsigned length, struct usage *into);

#endif
