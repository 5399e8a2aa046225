import { patchQuery, type Statement, textOf } from './patch-query.ts';

/** No transaction holds the rows that what it does depends on, and none passes over what others hold. */
function unlocked(text: string): string {
  return text.replaceAll(/ for (?:no key update|key share|update|share)(?: of "?\w+"?)?(?: skip locked)?/gi, '');
}

patchQuery((_, statement, send) => {
  const text = unlocked(textOf(statement));
  return send(typeof statement === 'string' ? text : ({ ...statement, text } satisfies Statement));
});
