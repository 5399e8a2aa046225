import type { Generated } from 'kysely';

/**
 * The tables, the same in every database. Flags are 0 or 1, instants are milliseconds since the epoch, structured values
 * are JSON text. docs/architecture.md says what each table promises.
 */
export interface Schema {
  repository: RepositoryTable;
  resource_tag: ResourceTagTable;
  blob: BlobTable;
  repository_blob: RepositoryBlobTable;
  manifest: ManifestTable;
  manifest_blob: ManifestBlobTable;
  manifest_child: ManifestChildTable;
  tag: TagTable;
  upload: UploadTable;
  gc_candidate: CandidateTable;
  gc_trash: TrashTable;
  secret: SecretTable;
}

interface RepositoryTable {
  id: Generated<number>;
  registry_id: string;
  region: string;
  name: string;
  created_at: number;
  tag_mutability: string;
  /** JSON list of wildcard filters. */
  exclusion_filters: string;
  scan_on_push: number;
  encryption_type: string;
  kms_key: string | null;
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

/** This repository may see this blob. Until `lease_until` it stays, whether or not a manifest names it. */
interface RepositoryBlobTable {
  repository_id: number;
  blob_id: number;
  lease_until: number;
  /** As the last manifest that named the blob declared it. */
  media_type: string | null;
}

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
  pushed_at: number;
  last_pulled_at: number | null;
  /** Whether any tag points here: kept so that a listing of untagged images reads only those. */
  tagged: number;
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

interface TagTable {
  repository_id: number;
  name: string;
  manifest_id: number;
  /** Counts up within an image: the order in which its tags were pushed. */
  position: number;
  tagged_at: number;
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
}

/** "See whether this repository still uses this blob, not before then": it may have stopped. */
interface CandidateTable {
  blob_id: number;
  repository_id: number;
  not_before: number;
}

/** "Erase this key, not before then": nothing can name it any more. */
interface TrashTable {
  storage_key: string;
  size: number;
  not_before: number;
  attempts: number;
  last_error: string | null;
}

interface SecretTable {
  name: string;
  value: Uint8Array;
}
