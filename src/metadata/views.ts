import { BlobReader, BlobWriter } from './blobs.ts';
import { Collection } from './collection.ts';
import { ImageWriter } from './image-writer.ts';
import { ImageReader } from './images.ts';
import type { MetadataTransaction, MetadataView } from './metadata-store.ts';
import { RepositoryReader, RepositoryWriter } from './repositories.ts';
import { SecretWriter } from './secrets.ts';
import type { Session } from './session.ts';
import { TagReader, TagWriter } from './tags.ts';
import { UploadReader, UploadWriter } from './uploads.ts';

export function viewOf(session: Session): MetadataView {
  return {
    repositories: new RepositoryReader(session),
    images: new ImageReader(session),
    tags: new TagReader(session),
    blobs: new BlobReader(session),
    uploads: new UploadReader(session),
  };
}

export function transactionOf(session: Session): MetadataTransaction {
  return {
    repositories: new RepositoryWriter(session),
    images: new ImageWriter(session),
    tags: new TagWriter(session),
    blobs: new BlobWriter(session),
    uploads: new UploadWriter(session),
    collection: new Collection(session),
    secrets: new SecretWriter(session),
  };
}
