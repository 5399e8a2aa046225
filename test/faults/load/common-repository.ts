import type { Content } from './content.ts';

/** When a request was under way, as `performance.now()` counts; without an answer, until the server ended. */
interface Span {
  readonly began: number;
  ended: number;
  certain: boolean;
}

interface History {
  /** Whether it was there when somebody looked last, with nothing under way. */
  there: boolean;
  readonly puts: Span[];
  readonly deletes: Span[];
}

/**
 * A repository that all clients push the same images to and delete them from. No client knows what is in it, but what
 * surely came last, all the same: whatever ended before something else began.
 */
export class CommonRepository {
  readonly name: string;
  readonly images: readonly Content[];
  readonly #histories = new Map<string, History>();

  constructor(name: string, images: readonly Content[]) {
    this.name = name;
    this.images = images;
  }

  /** Notes that a request begins; the answer notes that it has ended. */
  begin(what: 'puts' | 'deletes', digest: string): (outcome: 'ok' | 'refused' | 'unknown') => void {
    const spans = this.#historyOf(digest)[what];
    const span: Span = { began: performance.now(), ended: Number.POSITIVE_INFINITY, certain: false };
    spans.push(span);
    forgetOldest(spans);
    return (outcome) => {
      // Without an answer it may be carried out until the server's end, which is before the next look.
      if (outcome !== 'unknown') span.ended = performance.now();
      span.certain = outcome === 'ok';
      if (outcome === 'refused') spans.splice(spans.indexOf(span), 1);
    };
  }

  /** Whether a delete may have been carried out between these moments. */
  mayHaveGone(digest: string, from: number): boolean {
    return this.#historyOf(digest).deletes.some((span) => span.ended >= from);
  }

  /** Whether the image must be there, must not be there, or may be either. To be asked when nothing is under way. */
  expectation(digest: string): 'there' | 'gone' | 'either' {
    const { there, puts, deletes } = this.#historyOf(digest);
    const since = (others: readonly Span[], moment: number) => others.some((span) => span.ended > moment);
    if ((there && deletes.length === 0) || puts.some((span) => span.certain && !since(deletes, span.began)))
      return 'there';
    if ((!there && puts.length === 0) || deletes.some((span) => span.certain && !since(puts, span.began)))
      return 'gone';
    return 'either';
  }

  /** From now on this is certain. */
  settle(digest: string, there: boolean): void {
    this.#histories.set(digest, { there, puts: [], deletes: [] });
  }

  #historyOf(digest: string): History {
    const known = this.#histories.get(digest) ?? { there: false, puts: [], deletes: [] };
    this.#histories.set(digest, known);
    return known;
  }
}

/** Only what ended last decides; a long run makes many. */
function forgetOldest(spans: Span[]): void {
  if (spans.length < 200) return;
  const latest = spans.toSorted((a, b) => b.ended - a.ended).slice(0, 100);
  spans.splice(0, spans.length, ...latest);
}
