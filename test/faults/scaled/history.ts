/** What a tag leads to: a digest, or `undefined` when there is no such tag. */
export type Value = string | undefined;

/** What one request did to a tag, or saw of it. */
export type Act =
  | { readonly kind: 'put'; readonly digest: string }
  | { readonly kind: 'get'; readonly saw: Value }
  /** Takes the tag away. Not every answer says from what: `something`. */
  | { readonly kind: 'delete'; readonly saw: Value | typeof SOMETHING }
  /** Takes the image away, and with it the tag, if the tag leads to it. */
  | { readonly kind: 'delete image'; readonly digest: string; readonly found: boolean };

export const SOMETHING = 'something';

/**
 * One request about one tag. One that was refused, and a `get` without an answer, did nothing and are no part of a history.
 *
 * Without an answer `ended` is `Infinity`: what was asked for may be carried out at any time after `began`, or never. What such
 * a request saw counts for nothing.
 */
export interface Operation {
  /** As `performance.now()` counts, before the request was sent, and after the answer had come. */
  readonly began: number;
  readonly ended: number;
  readonly act: Act;
  /** Who made it. */
  readonly client?: string;
}

export function describe({ act, began, ended, client }: Operation): string {
  const from = Math.round(began * 10) / 10;
  const until = ended === Number.POSITIVE_INFINITY ? 'no answer' : `${Math.round(ended * 10) / 10}`;
  return `${client ?? 'somebody'} ${inWords(act)} (${from} to ${until})`;
}

function inWords(act: Act): string {
  switch (act.kind) {
    case 'put':
      return `put ${brief(act.digest)}`;
    case 'get':
      return `saw ${brief(act.saw)}`;
    case 'delete':
      return `deleted the tag, which was ${brief(act.saw)}`;
    case 'delete image':
      return `deleted image ${brief(act.digest)}, which was ${act.found ? 'there' : 'not there'}`;
  }
}

/** Enough of a digest to tell it from the others. */
export function brief(value: Value): string {
  return value?.replace(/^sha256:/, '').slice(0, 12) ?? 'nothing';
}
