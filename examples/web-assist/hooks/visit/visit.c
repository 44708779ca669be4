#include "visit.h"

/* 0 at nothing, a half at `half`, and never 1. */
static double saturating(double x, double half) { return x > 0 ? x / (x + half) : 0; }

/* Each sign alone may mean little: many minutes are a cup of tea. So they add up as chances do. A form that is refused
 * says most, to come back to the same page says much, time says little. */
double distress(const struct visit *visit) {
    double calm = 1 - 0.8 * saturating(visit->errors, 1.5);
    calm *= 1 - 0.6 * saturating(visit->returns, 3);
    calm *= 1 - 0.3 * saturating(visit->minutes, 15);
    return 1 - calm;
}

/* Who has tried for long needs patience first, whatever it is about. */
enum fit pairing(const struct visit *visit) {
    if (visit->errors + visit->returns >= 9 || visit->minutes >= 30) return PATIENT;
    switch (visit->topic) {
    case BILL: return BILLING;
    case FAULT: return TECHNICAL;
    case MOVING_HOME: return MOVER;
    default: return PATIENT;
    }
}

/* ---- JSON, as much of it as is needed ---- */

struct at {
    const char *next;
    const char *end;
};

static void blanks(struct at *at) {
    while (at->next < at->end && (*at->next == ' ' || *at->next == '\n' || *at->next == '\t' || *at->next == '\r')) at->next++;
}

static int takes(struct at *at, char c) {
    blanks(at);
    if (at->next >= at->end || *at->next != c) return 0;
    at->next++;
    return 1;
}

/* A text's inside, escapes as they stand. */
static int text(struct at *at, struct at *inside) {
    if (!takes(at, '"')) return 0;
    inside->next = at->next;
    while (at->next < at->end && *at->next != '"') at->next += *at->next == '\\' ? 2 : 1;
    if (at->next >= at->end) return 0;
    inside->end = at->next++;
    return 1;
}

static int is(const struct at *text, const char *name) {
    const char *next = text->next;
    while (next < text->end && *name && *name == *next) name++, next++;
    return next == text->end && !*name;
}

/* Whole numbers and decimals; powers of ten do not come up. */
static int number(struct at *at, double *into) {
    double value = 0, place = 1;
    int digits = 0;
    blanks(at);
    int negative = at->next < at->end && *at->next == '-';
    if (negative) at->next++;
    for (; at->next < at->end && *at->next >= '0' && *at->next <= '9'; at->next++, digits++) value = value * 10 + (*at->next - '0');
    if (at->next < at->end && *at->next == '.')
        for (at->next++; at->next < at->end && *at->next >= '0' && *at->next <= '9'; at->next++, digits++)
            value += (*at->next - '0') * (place /= 10);
    *into = negative ? -value : value;
    return digits > 0 && (at->next >= at->end || (*at->next | 0x20) != 'e');
}

/* Passes over a value that is a text, a number or a word: a visit has no others. */
static int pass(struct at *at) {
    struct at inside;
    blanks(at);
    if (at->next < at->end && *at->next == '"') return text(at, &inside);
    const char *from = at->next;
    while (at->next < at->end && *at->next != ',' && *at->next != '}') at->next++;
    return at->next > from;
}

const char *read_visit(const char *json, unsigned length, struct visit *into) {
    static const char *const TOPICS[] = {"bill", "fault", "moving_home", "other"};
    struct at at = {json, json + length}, name, value;
    unsigned seen = 0;
    if (!takes(&at, '{') || !text(&at, &name) || !is(&name, "visit") || !takes(&at, ':') || !takes(&at, '{'))
        return "`visit` is no object";
    do {
        if (!text(&at, &name) || !takes(&at, ':')) return "`visit` cannot be read";
        if (is(&name, "topic")) {
            if (!text(&at, &value)) return "`visit.topic` is no name";
            for (unsigned i = 0; i < 4; i++)
                if (is(&value, TOPICS[i])) into->topic = (enum topic)i, seen |= 1;
        } else if (is(&name, "minutes")) {
            if (!number(&at, &into->minutes)) return "`visit.minutes` is no number";
            seen |= 2;
        } else if (is(&name, "errors")) {
            if (!number(&at, &into->errors)) return "`visit.errors` is no number";
            seen |= 4;
        } else if (is(&name, "returns")) {
            if (!number(&at, &into->returns)) return "`visit.returns` is no number";
            seen |= 8;
        } else if (!pass(&at)) {
            return "`visit` cannot be read";
        }
    } while (takes(&at, ','));
    if (!takes(&at, '}') || !takes(&at, '}')) return "`visit` does not end";
    return seen == 15 ? 0 : "`visit` lacks topic, minutes, errors or returns";
}
