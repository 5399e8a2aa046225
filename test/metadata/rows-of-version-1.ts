import { REGISTRY } from '../contract/metadata/fixture.ts';

/** A row or more in every table of PostgreSQL's first schema, as Berth itself would have left them. */
export const ROWS_OF_VERSION_1 = `
INSERT INTO registry VALUES (1, '${REGISTRY.id}', '${REGISTRY.region}');
INSERT INTO repository (id, registry_id, name, created_at, tag_mutability, exclusion_filters, scan_on_push, encryption_type, kms_key)
  VALUES (1, 1, 'app', 11, 'IMMUTABLE_WITH_EXCLUSION', '["dev-*"]', 1, 'KMS', 'key');
INSERT INTO resource_tag VALUES (1, 'team', 'blue');
INSERT INTO blob VALUES (1, 'sha256:named', 100, 'k1', 1), (2, 'sha256:held', 10, 'k2', 2), (3, 'sha256:idle', 1, 'k3', 3);
INSERT INTO repository_blob (repository_id, blob_id, registry_id, size, refs, holds, keep_until, media_type) VALUES
  (1, 1, 1, 100, 1, 0, 50, 'layer/a'), (1, 2, 1, 10, 0, 1, 60, NULL), (1, 3, 1, 1, 0, 0, 70, NULL);
INSERT INTO manifest (id, repository_id, digest, media_type, image_size, bytes) VALUES
  (1, 1, 'sha256:a', 'type/image', 100, '\\x00ff'), (2, 1, 'sha256:gone', 'type/image', 10, '\\x02'),
  (3, 1, 'sha256:index', 'type/index', 100, '\\x03');
INSERT INTO manifest_blob VALUES (1, 1, 1), (2, 2, 1);
INSERT INTO manifest_child VALUES (3, 1);
INSERT INTO missing_blob VALUES (1, 'sha256:absent', 5, 'layer/b', 1);
INSERT INTO missing_child VALUES (3, 'sha256:lacking', 1);
INSERT INTO image VALUES (1, 1, 'sha256:a', '["v1","v2"]', 100, 21, 99, NULL), (1, 3, 'sha256:index', '[]', 0, 22, NULL, 'sha256:a');
INSERT INTO digest VALUES (1, 'sha256:a', 1), (1, 'sha256:index', 3);
INSERT INTO tag VALUES (1, 'v1', 1, 31), (1, 'v2', 1, 32);
INSERT INTO deleted_image VALUES (2, 1, 'sha256:gone', 10, 12, NULL, 30, 90, '["old"]');
INSERT INTO deleted_tag (repository_id, name, digest, manifest_id, tagged_at, deleted_at, purge_at)
  VALUES (1, 'moved', 'sha256:gone', 2, 24, 29, 90);
INSERT INTO orphaned_subject VALUES (1, 'sha256:subject', 80);
INSERT INTO upload VALUES ('u', 1, 'k4', 7, 2, 1, 3, 500);
INSERT INTO gc_trash VALUES ('k5', 12, 90, 3, 'EIO');
INSERT INTO usage_part VALUES ('repository', 1, 0, 2, 100, 100, 10, 1), ('registry', 1, 3, 1, 60, 100, 10, 0),
  ('registry', 1, 5, 1, 40, 0, 0, 1);
INSERT INTO store_usage_part VALUES ('blobs', 1, 3, 111), ('trash', 2, 1, 12), ('uploads', 0, 1, 7);
INSERT INTO secret VALUES ('key', '\\x0a');
SELECT setval('registry_id_seq', 1), setval('repository_id_seq', 4), setval('blob_id_seq', 3), setval('manifest_id_seq', 9);
`;
