import type { MetadataStore } from '../metadata/metadata-store.ts';

export interface Stoppable {
  readonly metadata: MetadataStore;
  readonly stop: (error: Error) => void;
}

/**
 * The same metadata until `stop` is called: from then on nothing is read or committed. For a database beside a disk of this
 * machine: once that has failed, what is committed might speak of bytes that are not there. `onStop` hears of it once.
 */
export function stoppable(store: MetadataStore, onStop: (error: Error) => void): Stoppable {
  let stopped: Error | undefined;
  const unlessStopped = async <T>(work: () => Promise<T>): Promise<T> => {
    if (stopped) throw stopped;
    const result = await work();
    if (stopped) throw stopped;
    return result;
  };
  const metadata: MetadataStore = {
    read: (look) => unlessStopped(() => store.read(look)),
    lookUp: (look) => unlessStopped(() => store.lookUp(look)),
    inspect: (look) => unlessStopped(() => store.inspect(look)),
    check: () => store.check(),
    // Within the transaction as well: the one that is under way is rolled back.
    write: (change, weight) => unlessStopped(() => store.write((tx) => unlessStopped(() => change(tx)), weight)),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
  const stop = (error: Error) => {
    if (stopped) return;
    stopped = error;
    onStop(error);
  };
  return { metadata, stop };
}
