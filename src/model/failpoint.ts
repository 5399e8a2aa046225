/**
 * A place between two durable steps, where a process may die or another may come in between. In production it is nothing;
 * tests listen (`onFailpoint`) and hold a party there, or end the process.
 */
export type Failpoint =
  | 'upload.begun'
  | 'upload.written'
  | 'upload.advanced'
  | 'commit.hashed'
  | 'commit.synced'
  | 'commit.renamed'
  | 'commit.durable'
  | 'upload.completed'
  | 'blob.promised'
  | 'blob.mounted'
  | 'blob.deleted'
  | 'image.put'
  | 'images.deleted'
  | 'repository.deleted'
  | 'restore.done'
  | 'referrers.expired'
  | 'repository.dismantled'
  | 'images.purged'
  | 'links.condemned'
  | 'trash.listed'
  | 'erase.unlinked'
  | 'erase.durable'
  | 'trash.forgotten'
  | 'fsck.suspected'
  | 'fsck.repaired'
  | 'import.claimed'
  | 'import.begun'
  | 'import.taken-back'
  | 'import.copied'
  | 'import.noted'
  | 'import.rows'
  | 'import.checked'
  | 'import.ended'
  | 'transaction.ready'
  | 'transaction.committed';

type Listener = (name: Failpoint) => Promise<void> | void;

let listener: Listener | undefined;

/** Passes a failpoint. */
export function failpoint(name: Failpoint): Promise<void> | void {
  return listener?.(name);
}

/** For tests: hears every failpoint that is passed, and holds whoever passes it until the answer. Undone by disposing. */
export function onFailpoint(listen: Listener): Disposable {
  const before = listener;
  listener = listen;
  return {
    [Symbol.dispose]: () => {
      listener = before;
    },
  };
}
