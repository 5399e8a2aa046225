import type { Action } from '../policy/authorizer.ts';
import type { Answer, Call } from './call.ts';
import { appendUpload } from './endpoints/append-upload.ts';
import { beginUploadOrMount } from './endpoints/begin-upload.ts';
import { cancelBlobUpload } from './endpoints/cancel-upload.ts';
import { checkVersion } from './endpoints/check-version.ts';
import { completeBlobUpload } from './endpoints/complete-upload.ts';
import { deleteRepositoryBlob } from './endpoints/delete-blob.ts';
import { deleteManifest } from './endpoints/delete-manifest.ts';
import { getBlob } from './endpoints/get-blob.ts';
import { getManifest } from './endpoints/get-manifest.ts';
import { getUploadStatus } from './endpoints/get-upload.ts';
import { headBlob } from './endpoints/head-blob.ts';
import { listCatalog } from './endpoints/list-catalog.ts';
import { listImageReferrers } from './endpoints/list-referrers.ts';
import { listRepositoryTags } from './endpoints/list-tags.ts';
import { putManifest } from './endpoints/put-manifest.ts';
import type { OciEdge } from './oci-edge.ts';
import type { Shape } from './parse-path.ts';

export interface Route<S extends Shape> {
  /** What the caller must be allowed to do, to the repository in the path or else to the registry; some endpoints ask for more. */
  readonly action: Action | undefined;
  readonly answer: (edge: OciEdge, call: Call<S>) => Promise<Answer>;
}

type Routes = { readonly [S in Shape]: Readonly<Record<string, Route<S>>> };

/**
 * The distribution protocol: which endpoint answers which method on which shape of path, under which of ECR's IAM actions
 * (fidelity facts, section 7.2). What is not here is refused with 405. ECR has no DELETE of a blob, so no action for it: it takes the one
 * that deletes images.
 */
export const ROUTES: Routes = {
  root: {
    GET: { action: undefined, answer: checkVersion },
    HEAD: { action: undefined, answer: checkVersion },
  },
  catalog: {
    GET: { action: 'ecr:DescribeRepositories', answer: listCatalog },
    HEAD: { action: 'ecr:DescribeRepositories', answer: listCatalog },
  },
  tags: {
    GET: { action: 'ecr:ListImages', answer: listRepositoryTags },
    HEAD: { action: 'ecr:ListImages', answer: listRepositoryTags },
  },
  manifest: {
    GET: { action: 'ecr:BatchGetImage', answer: getManifest },
    HEAD: { action: 'ecr:BatchGetImage', answer: getManifest },
    PUT: { action: 'ecr:PutImage', answer: putManifest },
    DELETE: { action: 'ecr:BatchDeleteImage', answer: deleteManifest },
  },
  referrers: {
    GET: { action: 'ecr:BatchGetImage', answer: listImageReferrers },
    HEAD: { action: 'ecr:BatchGetImage', answer: listImageReferrers },
  },
  blob: {
    GET: { action: 'ecr:GetDownloadUrlForLayer', answer: getBlob },
    HEAD: { action: 'ecr:BatchCheckLayerAvailability', answer: headBlob },
    DELETE: { action: 'ecr:BatchDeleteImage', answer: deleteRepositoryBlob },
  },
  uploads: {
    POST: { action: 'ecr:InitiateLayerUpload', answer: beginUploadOrMount },
  },
  upload: {
    GET: { action: 'ecr:UploadLayerPart', answer: getUploadStatus },
    HEAD: { action: 'ecr:UploadLayerPart', answer: getUploadStatus },
    PATCH: { action: 'ecr:UploadLayerPart', answer: appendUpload },
    PUT: { action: 'ecr:CompleteLayerUpload', answer: completeBlobUpload },
    DELETE: { action: 'ecr:UploadLayerPart', answer: cancelBlobUpload },
  },
};

export function findRoute<S extends Shape>(shape: S, method: string): Route<S> | undefined {
  const routes = ROUTES[shape];
  return Object.hasOwn(routes, method) ? routes[method] : undefined;
}

export function methodsOf(shape: Shape): string {
  return Object.keys(ROUTES[shape]).join(', ');
}
