import type { Generated, GeneratedAlways } from 'kysely';

/**
 * The tables, the same in every database. Flags are 0 or 1, instants are milliseconds since the epoch, structured values
 * are JSON text. docs/architecture.md says what each table promises.
 */
export interface Schema {
  registry: RegistryTable;
  repository: RepositoryTable;
  resource_tag: ResourceTagTable;
  blob: BlobTable;
  repository_blob: RepositoryBlobTable;
  manifest: ManifestTable;
  manifest_blob: ManifestBlobTable;
  manifest_child: ManifestChildTable;
  missing_blob: MissingBlobTable;
  missing_child: MissingChildTable;
  image: ImageTable;
  digest: DigestTable;
  tag: TagTable;
  deleted_image: DeletedImageTable;
  deleted_tag: DeletedTagTable;
  orphaned_subject: OrphanedSubjectTable;
  upload: UploadTable;
  upload_name: UploadNameTable;
  gc_trash: TrashTable;
  usage: UsageTable;
  store_usage: StoreUsageTable;
  secret: SecretTable;
}

/** One account in one region. A row comes with the first repository and stays. */
interface RegistryTable {
  id: Generated<number>;
  account_id: string;
  region: string;
}

/** With `deleted_at` it answers as deleted, and its name is free. */
interface RepositoryTable {
  id: Generated<number>;
  registry_id: number;
  name: string;
  created_at: number;
  tag_mutability: string;
  /** JSON list of wildcard filters. */
  exclusion_filters: string;
  scan_on_push: number;
  encryption_type: string;
  kms_key: string | null;
  deleted_at: number | null;
  /** Until then it may be restored. */
  purge_at: number | null;
  /** When workers look at what is left of it. */
  dismantle_at: number | null;
}

interface ResourceTagTable {
  repository_id: number;
  key: string;
  value: string;
}

/** Bytes that may be named by a manifest. A row that is here is live; what is dead has its key in `gc_trash`. */
interface BlobTable {
  id: Generated<number>;
  digest: string;
  size: number;
  storage_key: string;
  created_at: number;
}

/**
 * This repository may see this blob, unless it is hidden, and so many of its images need it. One that nothing needs is idle:
 * from `keep_until` on the link may go.
 */
interface RepositoryBlobTable {
  repository_id: number;
  blob_id: number;
  /** The repository's registry, so that "does another repository of the registry need it" is a probe of one index. */
  registry_id: number;
  /** The blob's, so that counting bytes does not read the blob's row. */
  size: number;
  /** Images that name the blob. */
  refs: number;
  /** Deleted images that name the blob and may be restored. */
  holds: number;
  /** The later of its last lease, and the end of the grace after an image that named it was deleted. */
  keep_until: number;
  /** As the last manifest that named the blob declared it. */
  media_type: string | null;
  /** A `LinkState`, from `refs` and `holds`. */
  state: GeneratedAlways<number>;
  /** 1: the blob was deleted, and answers as if it had never been here, until it is pushed or its image restored. */
  hidden: Generated<number>;
}

/** What was pushed; never changes, but for a size that grows when something comes that was missing. Whether it is live says `image`, and if it is not, `deleted_image`. */
interface ManifestTable {
  id: Generated<number>;
  repository_id: number;
  digest: string;
  media_type: string;
  bytes: Uint8Array;
  /** Config and layers as stored; for an index the largest of its children. */
  image_size: number;
  config_media_type: string | null;
  artifact_type: string | null;
  subject_digest: string | null;
  /** JSON object, for the referrers listing. */
  annotations: string | null;
}

/**
 * A live image: that this row is there is what makes it live. `manifest_id` has no foreign key: the database would look for
 * images by it whenever a manifest goes, and that index would have to be kept by every push and every deletion.
 */
interface ImageTable {
  repository_id: number;
  manifest_id: number;
  digest: string;
  /** JSON list of its tags, in the order they were pushed. */
  tags: string;
  /** Of the blobs that the manifest names, each once. */
  blob_bytes: number;
  pushed_at: number;
  last_pulled_at: number | null;
  /** The manifest's, for the index of referrers. */
  subject_digest: string | null;
}

interface ManifestBlobTable {
  manifest_id: number;
  blob_id: number;
  /** The manifest's repository, so that "does this repository still use this blob" is one probe of one index. */
  repository_id: number;
}

interface ManifestChildTable {
  parent_id: number;
  child_id: number;
}

/** A blob that a manifest names and its repository does not see, as the manifest describes it. */
interface MissingBlobTable {
  manifest_id: number;
  digest: string;
  size: number;
  media_type: string;
  /** The manifest's repository, so that "does anybody miss this" is one probe of one index. */
  repository_id: number;
}

/** A manifest that an index lists and its repository does not have. */
interface MissingChildTable {
  parent_id: number;
  digest: string;
  repository_id: number;
}

/** Where a digest leads. It counts only while the image is live; one that leads nowhere goes with what was pushed. */
interface DigestTable {
  repository_id: number;
  digest: string;
  manifest_id: number;
}

/** Where a tag leads. It counts only while the image is live; one that leads nowhere goes with what was pushed. */
interface TagTable {
  repository_id: number;
  name: string;
  manifest_id: number;
  tagged_at: number;
}

/** An image that answers as deleted. From `purge_at` on its manifest may go; before, it may be restored. */
interface DeletedImageTable {
  manifest_id: number;
  repository_id: number;
  digest: string;
  blob_bytes: number;
  pushed_at: number;
  last_pulled_at: number | null;
  deleted_at: number;
  purge_at: number;
  /** JSON list of the tags it had: what may still lead to it. */
  tags: string;
}

/** A tag that was deleted and may be restored until `purge_at`. */
interface DeletedTagTable {
  id: Generated<number>;
  repository_id: number;
  name: string;
  digest: string;
  manifest_id: number;
  tagged_at: number;
  deleted_at: number;
  purge_at: number;
}

/** "Delete what refers to this digest, not before then, unless it is there again." */
interface OrphanedSubjectTable {
  repository_id: number;
  digest: string;
  not_before: number;
}

interface UploadTable {
  id: string;
  repository_id: number;
  storage_key: string;
  /** Bytes acknowledged to the client. */
  offset: number;
  parts: number;
  /** Whether a part other than the last is under ECR's minimum. */
  small_part: number;
  last_part_size: number;
  expires_at: number;
  /** The store's own note on where the bytes are. Without one they are under `storage_key`. */
  store_state: string | null;
}

/**
 * What an upload has in the store besides its own key. A name that is here is not trash; it becomes trash in the transaction
 * that takes it away from the upload.
 */
interface UploadNameTable {
  storage_key: string;
  upload_id: string;
  size: number;
}

/** "Erase this key, not before then": nothing can name it any more. */
interface TrashTable {
  storage_key: string;
  size: number;
  not_before: number;
  attempts: number;
  last_error: string | null;
}

/** Bytes of a repository or a registry, moved on by every transaction that changes them. `usage.ts` says what they mean. */
interface UsageTable {
  scope: 'repository' | 'registry';
  id: number;
  images: number;
  logical_bytes: number;
  live_bytes: number;
  held_bytes: number;
  idle_bytes: number;
}

/** What is in the blob store, whoever it belongs to. */
interface StoreUsageTable {
  kind: 'blobs' | 'trash' | 'uploads';
  count: number;
  bytes: number;
}

interface SecretTable {
  name: string;
  value: Uint8Array;
}
