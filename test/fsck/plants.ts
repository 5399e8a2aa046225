import { buildImage, buildIndex, layerOf } from '../support/images.ts';
import type { Spoken } from '../support/stored/rows.ts';

export const shared = layerOf('shared');
export const alpha = buildImage('alpha', { layers: [shared, layerOf('of alpha')] });
export const beta = buildImage('beta', { layers: [shared] });
export const index = buildIndex([beta]);
export const signature = buildImage('signature', { subject: alpha });

const ALPHA = `(SELECT manifest_id FROM image WHERE digest = '${alpha.digest}' ORDER BY repository_id LIMIT 1)`;
const HELD = '(SELECT manifest_id FROM deleted_image)';
const SHARED = `(SELECT id FROM blob WHERE digest = '${shared.digest}')`;

/** What is planted, and the kinds it is found as; with `repairs`, a repair leaves nothing of it. */
export interface Plant {
  readonly name: string;
  readonly statements: readonly Spoken[];
  readonly kinds: readonly string[];
  readonly repairs: boolean;
}

export const plants: readonly Plant[] = [
  {
    name: 'a manifest that is neither live nor deleted',
    statements: [`DELETE FROM deleted_image WHERE manifest_id = ${HELD}`],
    kinds: ['link counts', 'manifest without state', 'usage'],
    repairs: true,
  },
  {
    name: 'a live image without an image row',
    statements: [`DELETE FROM image WHERE digest = '${signature.digest}'`],
    kinds: ['digest without image', 'link counts', 'manifest without state', 'usage'],
    repairs: true,
  },
  {
    name: 'a manifest that is live and deleted at once',
    statements: [
      `INSERT INTO deleted_image SELECT manifest_id, repository_id, digest, blob_bytes, pushed_at, NULL, 1, 99999999999999, '[]'
        FROM image WHERE manifest_id = ${ALPHA}`,
    ],
    kinds: ['manifest in two states'],
    repairs: true,
  },
  {
    name: 'a deleted image of another digest than its manifest',
    statements: [`UPDATE deleted_image SET digest = '${beta.digest}'`],
    kinds: ['deleted image differs'],
    repairs: false,
  },
  {
    name: 'a deleted image whose manifest is gone',
    statements: [
      `INSERT INTO deleted_image SELECT 9999, repository_id, digest, 0, 0, NULL, deleted_at, purge_at, tags FROM deleted_image`,
    ],
    kinds: ['deleted image without manifest'],
    repairs: false,
  },
  {
    name: 'an image whose manifest is gone',
    statements: [`UPDATE image SET manifest_id = 9999 WHERE digest = '${signature.digest}'`],
    kinds: [
      'digest astray',
      'digest without image',
      'image without manifest',
      'link counts',
      'manifest without state',
      'usage',
    ],
    repairs: false,
  },
  {
    name: "an image with another one's manifest",
    statements: [`UPDATE image SET manifest_id = ${HELD} WHERE digest = '${signature.digest}'`],
    kinds: [
      'blob bytes',
      'digest astray',
      'digest without image',
      'image differs',
      'link counts',
      'manifest in two states',
      'manifest without state',
      'subject differs',
      'usage',
    ],
    repairs: false,
  },
  {
    name: 'an image with another subject than its manifest',
    statements: [`UPDATE image SET subject_digest = '${beta.digest}' WHERE digest = '${signature.digest}'`],
    kinds: ['subject differs'],
    repairs: false,
  },
  {
    name: 'a wrong sum of blob bytes',
    statements: [
      `UPDATE image SET blob_bytes = blob_bytes + 7 WHERE manifest_id = ${ALPHA}`,
      'UPDATE usage SET logical_bytes = logical_bytes + 7 WHERE id = 1',
    ],
    kinds: ['blob bytes'],
    repairs: true,
  },
  {
    name: 'an image that does not know its tags',
    statements: [`UPDATE image SET tags = '[]' WHERE manifest_id = ${ALPHA}`],
    kinds: ['tag unknown'],
    repairs: true,
  },
  {
    name: 'an image with a tag that leads nowhere',
    statements: [`UPDATE image SET tags = '["lost"]' WHERE digest = '${signature.digest}'`],
    kinds: ['tag astray'],
    repairs: true,
  },
  {
    name: 'an image whose digest leads nowhere',
    statements: [`DELETE FROM digest WHERE digest = '${signature.digest}'`],
    kinds: ['digest astray'],
    repairs: true,
  },
  {
    name: 'a digest that leads to an image with another one',
    statements: [`UPDATE digest SET manifest_id = ${ALPHA} WHERE digest = '${signature.digest}'`],
    kinds: ['digest astray', 'digest differs'],
    repairs: false,
  },
  {
    name: 'names of nothing',
    statements: [
      `INSERT INTO tag (repository_id, name, manifest_id, tagged_at) SELECT id, 'nothing', 9999, 0 FROM repository LIMIT 1`,
      `INSERT INTO digest (repository_id, digest, manifest_id) SELECT id, 'sha256:${'0'.repeat(64)}', 9999 FROM repository LIMIT 1`,
    ],
    kinds: ['digest without image', 'tag without image'],
    repairs: true,
  },
  {
    name: 'a tag that leads to another image than the one that has it',
    statements: [
      `UPDATE tag SET manifest_id = (SELECT manifest_id FROM image WHERE digest = '${signature.digest}')
      WHERE name = 'latest'`,
    ],
    kinds: ['tag astray', 'tag unknown'],
    repairs: true,
  },
  {
    name: 'an image that misses a blob that is there',
    statements: [
      `INSERT INTO missing_blob SELECT manifest_id, digest, size, 'type', repository_id
        FROM manifest_blob JOIN blob ON blob.id = blob_id WHERE manifest_id = ${ALPHA} AND blob_id = ${SHARED}`,
      `UPDATE repository_blob SET refs = refs - 1 WHERE blob_id = ${SHARED}
        AND repository_id = (SELECT repository_id FROM manifest WHERE id = ${ALPHA})`,
      `DELETE FROM manifest_blob WHERE manifest_id = ${ALPHA} AND blob_id = ${SHARED}`,
      `UPDATE image SET blob_bytes = blob_bytes - ${shared.bytes.byteLength} WHERE manifest_id = ${ALPHA}`,
      `UPDATE manifest SET image_size = image_size - ${shared.bytes.byteLength} WHERE id = ${ALPHA}`,
      `UPDATE usage SET logical_bytes = logical_bytes - ${shared.bytes.byteLength} WHERE id = 1`,
    ],
    kinds: ['missing although there'],
    repairs: true,
  },
  {
    name: 'an index that misses an image that is there',
    statements: [
      `INSERT INTO missing_child SELECT parent_id, digest, repository_id
        FROM manifest_child JOIN manifest ON manifest.id = child_id`,
      'DELETE FROM manifest_child',
      `UPDATE manifest SET image_size = 0 WHERE digest = '${index.digest}'`,
    ],
    kinds: ['missing although there'],
    repairs: true,
  },
  {
    name: 'an image that is said to miss what it does not name',
    statements: [
      `INSERT INTO missing_blob SELECT id, '${beta.digest}', 1, 'type', repository_id FROM manifest WHERE id = ${ALPHA}`,
    ],
    kinds: ['reference differs'],
    repairs: false,
  },
  {
    name: 'a manifest with other bytes',
    statements: [
      {
        sqlite: `UPDATE manifest SET bytes = CAST(bytes || ' ' AS BLOB) WHERE id = ${ALPHA}`,
        postgres: `UPDATE manifest SET bytes = bytes || ' '::bytea WHERE id = ${ALPHA}`,
      },
    ],
    kinds: ['manifest bytes'],
    repairs: false,
  },
  {
    name: 'a manifest that cannot be read',
    statements: [`UPDATE manifest SET media_type = 'text/plain' WHERE id = ${ALPHA}`],
    kinds: ['manifest unreadable'],
    repairs: false,
  },
  {
    name: 'columns that say something else than the manifest',
    statements: [`UPDATE manifest SET artifact_type = 'other/type', config_media_type = NULL WHERE id = ${ALPHA}`],
    kinds: ['manifest differs'],
    repairs: false,
  },
  {
    name: 'a wrong size of an image',
    statements: [`UPDATE manifest SET image_size = 3 WHERE id = ${ALPHA}`],
    kinds: ['image size'],
    repairs: false,
  },
  {
    name: 'a reference that is missing',
    statements: [`DELETE FROM manifest_blob WHERE manifest_id = ${ALPHA} AND blob_id = ${SHARED}`],
    kinds: ['blob bytes', 'image size', 'link counts', 'reference missing'],
    repairs: false,
  },
  {
    name: 'a reference of another repository',
    statements: [`UPDATE manifest_blob SET repository_id = 2 WHERE manifest_id = ${ALPHA} AND blob_id = ${SHARED}`],
    kinds: ['link counts', 'reference differs'],
    repairs: false,
  },
  {
    name: 'a reference to a blob that the manifest does not name',
    statements: [
      `INSERT INTO manifest_blob SELECT ${ALPHA}, blob_id, 1 FROM manifest_blob WHERE manifest_id = ${HELD} LIMIT 1`,
    ],
    kinds: ['blob bytes', 'image size', 'link counts', 'reference differs', 'usage'],
    repairs: false,
  },
  {
    name: 'a blob that the repository no longer sees although it names it',
    statements: [`DELETE FROM repository_blob WHERE repository_id = 1 AND blob_id = ${SHARED}`],
    kinds: ['reference without blob', 'usage'],
    repairs: false,
  },
  {
    name: 'a child that is kept no more',
    statements: ['DELETE FROM manifest_child'],
    kinds: ['child missing', 'image size'],
    repairs: false,
  },
  {
    name: 'a child that the index does not list',
    statements: [
      `INSERT INTO manifest_child SELECT parent_id, (SELECT manifest_id FROM image WHERE digest = '${signature.digest}')
        FROM manifest_child`,
    ],
    kinds: ['child differs', 'image size'],
    repairs: false,
  },
  {
    name: 'an index that lists an image which is not live',
    statements: [
      `INSERT INTO deleted_image SELECT manifest_id, repository_id, digest, blob_bytes, pushed_at, NULL, 1, 99999999999999, '[]'
        FROM image WHERE digest = '${beta.digest}'`,
      `DELETE FROM image WHERE digest = '${beta.digest}'`,
    ],
    kinds: ['child not live', 'link counts', 'usage'],
    repairs: false,
  },
  {
    name: 'a wrong count of images that need a blob',
    statements: [`UPDATE repository_blob SET refs = refs + 1, holds = holds + 2 WHERE blob_id = ${SHARED}`],
    kinds: ['link counts'],
    repairs: true,
  },
  {
    name: 'a blob that is needed and counted as idle',
    statements: [`UPDATE repository_blob SET refs = 0 WHERE blob_id = ${SHARED} AND repository_id = 1`],
    kinds: ['link counts'],
    repairs: true,
  },
  {
    name: 'a link with another size and registry',
    statements: [`UPDATE repository_blob SET size = 1, registry_id = 7 WHERE blob_id = ${SHARED}`],
    kinds: ['link copies'],
    repairs: true,
  },
  {
    name: 'a link to a blob that is not there',
    statements: [
      `INSERT INTO repository_blob (repository_id, blob_id, registry_id, size, refs, holds, keep_until)
        VALUES (1, 9999, 1, 0, 0, 0, 99999999999999)`,
    ],
    kinds: ['link to nothing'],
    repairs: false,
  },
  {
    name: 'a blob that no repository sees',
    statements: [
      `INSERT INTO blob SELECT 9999, 'sha256:${'f'.repeat(64)}', 0, '${'0'.repeat(26)}', 0`,
      `UPDATE store_usage SET count = count + 1 WHERE kind = 'blobs'`,
    ],
    kinds: ['blob without link', 'bytes missing'],
    repairs: true,
  },
  {
    name: 'a blob with a key that is none',
    statements: [`UPDATE blob SET storage_key = '../secret' WHERE id = ${SHARED}`],
    kinds: ['blob malformed', 'stray bytes'],
    repairs: false,
  },
  {
    name: 'a key that is a blob’s and an upload’s',
    statements: [`UPDATE upload SET storage_key = (SELECT storage_key FROM blob WHERE id = ${SHARED})`],
    kinds: ['key shared'],
    repairs: false,
  },
  {
    name: 'a key that a blob needs and that is to be erased',
    statements: [
      `INSERT INTO gc_trash SELECT storage_key, size, 99999999999999, 0, NULL FROM blob WHERE id = ${SHARED}`,
    ],
    kinds: ['key shared', 'store usage'],
    repairs: true,
  },
  {
    name: 'a key that a blob needs, counted as trash',
    statements: [
      `INSERT INTO gc_trash SELECT storage_key, size, 99999999999999, 0, NULL FROM blob WHERE id = ${SHARED}`,
      `UPDATE store_usage SET count = count + 1, bytes = bytes + (SELECT size FROM blob WHERE id = ${SHARED})
        WHERE kind = 'trash'`,
    ],
    kinds: ['key shared'],
    repairs: true,
  },
  {
    name: 'wrong usage of a repository and of its registry',
    statements: ['UPDATE usage SET images = images + 1, live_bytes = live_bytes - 5, held_bytes = 0, idle_bytes = 1'],
    kinds: ['usage'],
    repairs: true,
  },
  { name: 'usage that is gone', statements: ['DELETE FROM usage'], kinds: ['usage'], repairs: true },
  {
    name: 'usage of nothing',
    statements: [
      `INSERT INTO usage (scope, id, images, logical_bytes, live_bytes, held_bytes, idle_bytes)
        VALUES ('repository', 77, 1, 2, 3, 4, 5)`,
    ],
    kinds: ['usage'],
    repairs: true,
  },
  {
    name: 'wrong usage of the store',
    statements: [`UPDATE store_usage SET count = count + 1, bytes = bytes * 2 + 9`],
    kinds: ['store usage'],
    repairs: true,
  },
  {
    name: 'a repository of no registry',
    statements: ['UPDATE repository SET registry_id = 9 WHERE id = 2'],
    kinds: ['link copies', 'repository without registry', 'usage'],
    repairs: false,
  },
  {
    name: 'a repository that is half deleted',
    statements: ['UPDATE repository SET deleted_at = 1 WHERE id = 2'],
    kinds: ['repository half deleted'],
    repairs: false,
  },
];
