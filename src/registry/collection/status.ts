import type { CollectionStatus } from '../../metadata/collection-status.ts';
import type { Ports } from '../ports.ts';

/** What waits for the collector, as of now. */
export async function readCollectionStatus({ metadata }: Pick<Ports, 'metadata'>): Promise<CollectionStatus> {
  return metadata.read((view) => view.collection.status());
}
