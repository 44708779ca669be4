/* Tests of the judgement, on the machine that builds it: cc -std=c11 -Wall -Werror test.c judge.c -o test && ./test */
#include "judge.h"

#include <stdio.h>
#include <string.h>

static int failures;

static void says(enum pattern expected, struct usage usage, const char *when) {
    enum pattern found = judge(&usage);
    if (found != expected) {
        printf("%s: expected %d, and it is %d\n", when, expected, found);
        failures++;
    }
}

static void reads(const char *json, const char *expected) {
    struct usage usage;
    const char *wrong = read_usage(json, (unsigned)strlen(json), &usage);
    if (strcmp(wrong ? wrong : "", expected ? expected : "")) {
        printf("%s: expected %s, and it is %s\n", json, expected ? expected : "no error", wrong ? wrong : "no error");
        failures++;
    }
}

int main(void) {
    says(USUAL, (struct usage){.today = 1.0, .usual = 1.0, .spread = 0.3, .hour = 24}, "a day like the others");
    says(USUAL, (struct usage){.today = 0.0, .usual = 1.0, .spread = 0.3, .hour = 24}, "a day away from it all");
    says(USUAL, (struct usage){.today = 0.0, .usual = 0.0, .spread = 0.0, .hour = 12}, "who never uses it");
    says(UNUSUAL, (struct usage){.today = 0.1, .usual = 0.0, .spread = 0.0, .hour = 12}, "who never used it before");
    says(RAISED, (struct usage){.today = 1.8, .usual = 1.0, .spread = 0.3, .hour = 24}, "a long evening of films");
    says(UNUSUAL, (struct usage){.today = 9.0, .usual = 1.0, .spread = 0.3, .hour = 24}, "a leaking device");
    says(UNUSUAL, (struct usage){.today = 1.5, .usual = 1.0, .spread = 0.3, .hour = 6}, "a day's use and more before breakfast");
    says(USUAL, (struct usage){.today = 0.3, .usual = 1.0, .spread = 0.3, .hour = 6}, "an early riser");
    says(RAISED, (struct usage){.today = 1.4, .usual = 1.0, .spread = 0.3, .hour = 24, .roaming = 1}, "a little more, abroad");
    says(USUAL, (struct usage){.today = 1.4, .usual = 1.0, .spread = 0.3, .hour = 24}, "the same at home");

    struct usage usage;
    const char *whole = "{\"usage\":{\"id\":\"a\\\"}\",\"tags\":[1,{\"today\":7}],\"today\":-1.25e1,\"usual\":2,\"spread\":0.5,\"hour\":9.5,\"roaming\":true}}";
    if (read_usage(whole, (unsigned)strlen(whole), &usage) || usage.today != -12.5 || usage.usual != 2 || usage.spread != 0.5 ||
        usage.hour != 9.5 || !usage.roaming) {
        printf("not read as it is written: %g %g %g %g %d\n", usage.today, usage.usual, usage.spread, usage.hour, usage.roaming);
        failures++;
    }
    reads("", "`usage` is no object");
    reads("{}", "`usage` is no object");
    reads("{\"usage\":3}", "`usage` is no object");
    reads("{\"usage\":{\"today\":", "`usage.today` is no number");
    reads("{\"usage\":{\"today\":\"3\"}}", "`usage.today` is no number");
    reads("{\"usage\":{\"today\":3,\"usual\":1,\"spread\":1}}", "`usage.hour` is no number");
    reads("{\"usage\":{\"today\":3,\"usual\":1,\"spread\":1,\"hour\":1", NULL);
    for (unsigned cut = 0; cut < strlen(whole); cut++) read_usage(whole, cut, &usage); /* no byte beyond the end */
    if (!failures) printf("ok\n");
    return failures != 0;
}
