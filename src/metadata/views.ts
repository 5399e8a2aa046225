import { BlobReader, BlobWriter } from './blobs.ts';
import { Collection } from './collection.ts';
import { CollectionStatusReader } from './collection-status.ts';
import { Graveyard } from './graveyard.ts';
import { GraveyardReader } from './graveyard-reader.ts';
import { ImageWriter } from './image-writer.ts';
import { ImageReader } from './images.ts';
import { Inspection } from './inspection.ts';
import { Repairs } from './inspection-repairs.ts';
import { LinkReader } from './link-reader.ts';
import { LinkWriter } from './links.ts';
import type { MetadataTransaction, MetadataView } from './metadata-store.ts';
import { Orphans } from './orphans.ts';
import { RepositoryReader } from './repositories.ts';
import { RepositoryWriter } from './repository-writer.ts';
import { SecretReader, SecretWriter } from './secrets.ts';
import type { Session } from './session.ts';
import { TagReader, TagWriter } from './tags.ts';
import { TransferReader, TransferWriter } from './transfer.ts';
import { UploadReader, UploadWriter } from './uploads.ts';
import { UsageReader, UsageWriter } from './usage.ts';

export function viewOf(session: Session): MetadataView {
  return {
    repositories: new RepositoryReader(session),
    images: new ImageReader(session),
    tags: new TagReader(session),
    blobs: new BlobReader(session),
    uploads: new UploadReader(session),
    graveyard: new GraveyardReader(session),
    collection: new CollectionStatusReader(session),
    links: new LinkReader(session),
    usage: new UsageReader(session),
    inspection: new Inspection(session),
    transfer: new TransferReader(session),
    secrets: new SecretReader(session),
  };
}

export function transactionOf(session: Session): MetadataTransaction {
  return {
    repositories: new RepositoryWriter(session),
    images: new ImageWriter(session),
    tags: new TagWriter(session),
    blobs: new BlobWriter(session),
    links: new LinkWriter(session),
    uploads: new UploadWriter(session),
    graveyard: new Graveyard(session),
    orphans: new Orphans(session),
    usage: new UsageWriter(session),
    collection: new Collection(session),
    repairs: new Repairs(session),
    secrets: new SecretWriter(session),
    transfer: new TransferWriter(session),
  };
}
