#include "judge.h"

/* A day has a shape: little is used at night, much in the evening. The share of a day's use that is over by each full
 * hour, for people who sleep. */
static const double OVER_BY[25] = {
    0.00, 0.02, 0.03, 0.04, 0.04, 0.05, 0.06, 0.09, 0.13, 0.17, 0.21, 0.25, 0.29,
    0.34, 0.38, 0.42, 0.47, 0.52, 0.58, 0.65, 0.73, 0.81, 0.89, 0.95, 1.00,
};

static double over_by(double hour) {
    if (!(hour > 0)) return OVER_BY[0];
    if (hour >= 24) return OVER_BY[24];
    int whole = (int)hour;
    return OVER_BY[whole] + (hour - whole) * (OVER_BY[whole + 1] - OVER_BY[whole]);
}

/* Of many things that could look odd only one is asked: how many of this customer's own spreads the day is above what it
 * should be by now. Early hours expect little, so that the spread has a floor: a tenth of a whole usual day. */
enum pattern judge(const struct usage *usage) {
    double floor = usage->usual / 10;
    double spread = usage->spread > floor ? usage->spread : floor;
    if (!(spread > 0)) spread = 1e-9; /* who never used anything is surprised by anything */
    double above = (usage->today - usage->usual * over_by(usage->hour)) / spread;
    /* Abroad a customer should hear earlier: what is usual at home is expensive there. */
    double raised = usage->roaming ? 1 : 2;
    double unusual = usage->roaming ? 2.5 : 4;
    if (above >= unusual) return UNUSUAL;
    if (above >= raised) return RAISED;
    return USUAL;
}

/* ---- JSON, as much of it as is needed: one object of numbers, truths and texts ---- */

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
static int text(struct at *at, const char **from, unsigned *length) {
    if (!takes(at, '"')) return 0;
    *from = at->next;
    while (at->next < at->end && *at->next != '"') at->next += *at->next == '\\' ? 2 : 1;
    if (at->next >= at->end) return 0;
    *length = (unsigned)(at->next - *from);
    at->next++;
    return 1;
}

static int is(const char *name, const char *from, unsigned length) {
    unsigned i = 0;
    while (i < length && name[i] && name[i] == from[i]) i++;
    return i == length && !name[i];
}

static int number(struct at *at, double *into) {
    blanks(at);
    int negative = at->next < at->end && *at->next == '-';
    if (negative) at->next++;
    double value = 0, place = 1;
    int digits = 0;
    for (; at->next < at->end && *at->next >= '0' && *at->next <= '9'; at->next++, digits++) value = value * 10 + (*at->next - '0');
    if (at->next < at->end && *at->next == '.')
        for (at->next++; at->next < at->end && *at->next >= '0' && *at->next <= '9'; at->next++, digits++)
            value += (*at->next - '0') * (place /= 10);
    if (!digits) return 0;
    if (at->next < at->end && (*at->next == 'e' || *at->next == 'E')) {
        at->next++;
        int down = at->next < at->end && *at->next == '-', power = 0;
        if (at->next < at->end && (*at->next == '-' || *at->next == '+')) at->next++;
        for (; at->next < at->end && *at->next >= '0' && *at->next <= '9' && power < 400; at->next++) power = power * 10 + (*at->next - '0');
        while (power-- > 0) value = down ? value / 10 : value * 10;
    }
    *into = negative ? -value : value;
    return 1;
}

/* Passes over any value. Depth is counted, not recursed into. */
static int pass(struct at *at) {
    int depth = 0;
    do {
        blanks(at);
        if (at->next >= at->end) return 0;
        char c = *at->next;
        if (c == '"') {
            const char *from;
            unsigned length;
            if (!text(at, &from, &length)) return 0;
        } else {
            if (c == '{' || c == '[') depth++;
            if (c == '}' || c == ']') depth--;
            at->next++;
            /* a number or a word goes on until a sign */
            if (c != '{' && c != '[' && c != '}' && c != ']' && c != ',' && c != ':')
                while (at->next < at->end && *at->next != ',' && *at->next != '}' && *at->next != ']' && *at->next != ' ') at->next++;
        }
    } while (depth > 0);
    return depth == 0;
}

/* Goes to the value of a field; the object's `{` is passed. */
static int field(struct at at, const char *name, struct at *value) {
    if (takes(&at, '}')) return 0;
    do {
        const char *from;
        unsigned length;
        if (!text(&at, &from, &length) || !takes(&at, ':')) return 0;
        if (is(name, from, length)) {
            *value = at;
            return 1;
        }
        if (!pass(&at)) return 0;
    } while (takes(&at, ','));
    return 0;
}

const char *read_usage(const char *json, unsigned length, struct usage *into) {
    struct at at = {json, json + length}, usage, value;
    if (!takes(&at, '{') || !field(at, "usage", &usage) || !takes(&usage, '{')) return "`usage` is no object";
    if (!field(usage, "today", &value) || !number(&value, &into->today)) return "`usage.today` is no number";
    if (!field(usage, "usual", &value) || !number(&value, &into->usual)) return "`usage.usual` is no number";
    if (!field(usage, "spread", &value) || !number(&value, &into->spread)) return "`usage.spread` is no number";
    if (!field(usage, "hour", &value) || !number(&value, &into->hour)) return "`usage.hour` is no number";
    /* Who does not say so is at home. */
    into->roaming = 0;
    if (field(usage, "roaming", &value)) {
        blanks(&value);
        into->roaming = value.next < value.end && *value.next == 't';
    }
    return 0;
}
