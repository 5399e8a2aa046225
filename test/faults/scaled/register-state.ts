import type { FindingKind } from '../load/findings.ts';
import { type Operation, SOMETHING, type Value } from './history.ts';
import { contradictionIn } from './linearizable.ts';

/** What is known of an image, each of which is put once, under one tag. */
interface KnownImage {
  readonly tag: string;
  /** Whether its put was acknowledged. */
  isPut: boolean;
  /** Whether somebody was told that it is gone, or asked for that and was told nothing. */
  gone: 'no' | 'maybe' | 'yes';
}

/** What clients asked of the tags of one repository and saw of them, since somebody looked last with nothing under way. */
export class RegisterState {
  readonly tags: readonly string[];
  readonly #initial = new Map<string, Value>();
  readonly #histories = new Map<string, Operation[]>();
  readonly #images = new Map<string, KnownImage>();
  /** Tags that somebody asked to delete without an answer: that may be carried out at any time. */
  readonly #threatened = new Set<string>();

  constructor(tags: readonly string[]) {
    this.tags = tags;
  }

  /** Notes that an image is about to be put: from now on others may see it and delete it. */
  begin(tag: string, digest: string): void {
    this.#images.set(digest, { tag, isPut: false, gone: this.#threatened.has(tag) ? 'maybe' : 'no' });
  }

  /** Notes a request that is over, with an answer or without. */
  note(tag: string, operation: Operation): void {
    const history = this.#histories.get(tag) ?? [];
    this.#histories.set(tag, history);
    history.push(operation);
    const { act, ended } = operation;
    const isOpen = ended === Number.POSITIVE_INFINITY;
    if (act.kind === 'put') {
      const image = this.#images.get(act.digest);
      if (image) image.isPut = !isOpen;
    } else if (act.kind === 'delete image') {
      this.#mark(act.digest, isOpen ? 'maybe' : 'yes');
    } else if (act.kind === 'delete' && !isOpen && act.saw !== SOMETHING) {
      if (act.saw !== undefined) this.#mark(act.saw, 'yes');
    } else if (act.kind === 'delete') {
      // Whatever has this tag may have gone with it, or may go.
      if (isOpen) this.#threatened.add(tag);
      for (const [digest, image] of this.#images) if (image.tag === tag) this.#mark(digest, 'maybe');
    }
  }

  /** Images that somebody was told are there, the oldest first. */
  images(): { readonly digest: string; readonly tag: string }[] {
    const there = [...this.#images].filter(([, { isPut, gone }]) => isPut && gone === 'no');
    return there.map(([digest, { tag }]) => ({ digest, tag }));
  }

  tagOf(digest: string): string | undefined {
    return this.#images.get(digest)?.tag;
  }

  /**
   * Judges all that was noted by what is there now, and begins anew from that. `entries` are all the repository's images, as
   * `digest tag`, but for those that nobody touches.
   */
  settle(entries: ReadonlySet<string>, find: (kind: FindingKind, text: string) => void): void {
    const listed = new Map<string, string>();
    for (const entry of entries) {
      const [digest = '', tag = ''] = entry.split(' ');
      listed.set(digest, tag);
    }
    for (const tag of this.tags) {
      const there = [...listed].find(([, name]) => name === tag)?.[0];
      const now = performance.now();
      const last: Operation = { began: now, ended: now, act: { kind: 'get', saw: there }, client: 'the listing' };
      const contradiction = contradictionIn([...(this.#histories.get(tag) ?? []), last], this.#initial.get(tag));
      if (contradiction) find('wrong answer', `${tag}: no order explains what clients saw: ${contradiction}`);
      this.#initial.set(tag, there);
    }
    this.#histories.clear();
    this.#threatened.clear();
    for (const [digest, { tag, isPut, gone }] of this.#images) {
      if (isPut && gone === 'no' && !listed.has(digest)) find('lost', `lacks ${digest}, which was put as ${tag}`);
      if (gone === 'yes' && listed.has(digest)) find('undone', `has ${digest}, which was put as ${tag} and deleted`);
      if (listed.has(digest)) this.#images.set(digest, { tag, isPut: true, gone: 'no' });
      else this.#images.delete(digest);
    }
    for (const digest of listed.keys())
      if (!this.#images.has(digest)) find('undone', `has ${digest}, which nobody put`);
  }

  #mark(digest: string, gone: 'maybe' | 'yes'): void {
    const image = this.#images.get(digest);
    if (image && image.gone !== 'yes') image.gone = gone;
  }
}
