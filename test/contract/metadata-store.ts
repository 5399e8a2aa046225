import { bytesContract } from './metadata/bytes.ts';
import type { OpenMetadata } from './metadata/fixture.ts';
import { graveyardContract } from './metadata/graveyard.ts';
import { imagesContract } from './metadata/images.ts';
import { linksContract } from './metadata/links.ts';
import { lookupsContract } from './metadata/lookups.ts';
import { repositoriesContract } from './metadata/repositories.ts';
import { transactionsContract } from './metadata/transactions.ts';

/** What every metadata store promises: the same suite for each database. */
export function metadataStoreContract(name: string, open: OpenMetadata): void {
  transactionsContract(name, open);
  repositoriesContract(name, open);
  imagesContract(name, open);
  bytesContract(name, open);
  linksContract(name, open);
  graveyardContract(name, open);
  lookupsContract(name, open);
}
