/* A visit to the site, as the journey declares it. No libc, no state: the same visit gets the same answer. */
#ifndef VISIT_H
#define VISIT_H

enum topic { BILL, FAULT, MOVING_HOME, OTHER };

struct visit {
    enum topic topic;
    double minutes; /* since they came */
    double errors;  /* forms that were refused */
    double returns; /* how often they went back to the same page */
};

enum fit { PATIENT, TECHNICAL, BILLING, MOVER };

/* How much somebody struggles, from 0 to 1. */
double distress(const struct visit *visit);

/* Who fits. */
enum fit pairing(const struct visit *visit);

/* Reads {"visit": {...}} as the runtime writes it. Gives 0, or what is missing in words. */
const char *read_visit(const char *json, unsigned length, struct visit *into);

#endif
