/* Tests of both judgements, on the machine that builds them: cc -std=c11 -Wall -Werror test.c visit.c -o test && ./test */
#include "visit.h"

#include <stdio.h>
#include <string.h>

static int failures;

static void scores(double least, double most, struct visit visit, const char *when) {
    double found = distress(&visit);
    if (!(found >= least && found < most)) {
        printf("%s: expected from %g up to %g, and it is %g\n", when, least, most, found);
        failures++;
    }
}

static void fits(enum fit expected, struct visit visit, const char *when) {
    enum fit found = pairing(&visit);
    if (found != expected) {
        printf("%s: expected %d, and it is %d\n", when, expected, found);
        failures++;
    }
}

static void reads(const char *json, const char *expected) {
    struct visit visit;
    const char *wrong = read_visit(json, (unsigned)strlen(json), &visit);
    if (strcmp(wrong ? wrong : "", expected ? expected : "")) {
        printf("%s: expected %s, and it is %s\n", json, expected ? expected : "no error", wrong ? wrong : "no error");
        failures++;
    }
}

int main(void) {
    /* The journey offers help from 0.7, looks again from 0.4. */
    scores(0.7, 1, (struct visit){.minutes = 6, .errors = 4, .returns = 3}, "a form that was refused four times");
    scores(0.4, 0.7, (struct visit){.minutes = 3, .errors = 1, .returns = 1}, "one slip, and once back");
    scores(0, 0.4, (struct visit){.minutes = 6, .errors = 0, .returns = 1}, "somebody who reads");
    scores(0, 0.4, (struct visit){.minutes = 600, .errors = 0, .returns = 0}, "a page that was left open");
    scores(0, 0.01, (struct visit){.minutes = -5, .errors = -1, .returns = -1}, "figures that cannot be");
    scores(0.9, 1, (struct visit){.minutes = 1e9, .errors = 1e9, .returns = 1e9}, "figures without end");

    fits(BILLING, (struct visit){.topic = BILL, .errors = 4, .returns = 3}, "a bill");
    fits(TECHNICAL, (struct visit){.topic = FAULT}, "a fault");
    fits(MOVER, (struct visit){.topic = MOVING_HOME}, "moving home");
    fits(PATIENT, (struct visit){.topic = OTHER}, "anything else");
    fits(PATIENT, (struct visit){.topic = FAULT, .errors = 6, .returns = 3}, "a fault, and nine times in vain");
    fits(PATIENT, (struct visit){.topic = BILL, .minutes = 30}, "half an hour");

    struct visit visit;
    const char *whole =
        "{\"visit\":{\"id\":\"a\\\"}\",\"page\":\"x, y\",\"topic\":\"moving_home\",\"minutes\":6.5,\"errors\":-4,\"returns\":3}}";
    if (read_visit(whole, (unsigned)strlen(whole), &visit) || visit.topic != MOVING_HOME || visit.minutes != 6.5 ||
        visit.errors != -4 || visit.returns != 3) {
        printf("not read as it is written: %d %g %g %g\n", visit.topic, visit.minutes, visit.errors, visit.returns);
        failures++;
    }
    reads("", "`visit` is no object");
    reads("{}", "`visit` is no object");
    reads("{\"visit\":3}", "`visit` is no object");
    reads("{\"visit\":{}}", "`visit` cannot be read");
    reads("{\"visit\":{\"minutes\":\"3\"}}", "`visit.minutes` is no number");
    reads("{\"visit\":{\"minutes\":1e3}}", "`visit.minutes` is no number");
    reads("{\"visit\":{\"topic\":\"bill\",\"minutes\":1,\"errors\":1}}", "`visit` lacks topic, minutes, errors or returns");
    reads("{\"visit\":{\"topic\":\"gas\",\"minutes\":1,\"errors\":1,\"returns\":0}}", "`visit` lacks topic, minutes, errors or returns");
    reads("{\"visit\":{\"topic\":\"bill\",\"minutes\":1,\"errors\":1,\"returns\":0", "`visit` does not end");
    for (unsigned cut = 0; cut < strlen(whole); cut++) { /* no byte beyond the end */
        char copy[256];
        memcpy(copy, whole, cut);
        if (!read_visit(copy, cut, &visit)) {
            printf("read, though cut off after %u\n", cut);
            failures++;
        }
    }
    if (!failures) printf("ok\n");
    return failures != 0;
}
