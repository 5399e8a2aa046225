import type * as sdk from '@aws-sdk/client-ecr';
import { expect } from 'vitest';
import { digestOf } from '../../../src/model/digest.ts';
import { type BuiltManifest, buildImage } from '../../support/images.ts';
import type { Capability, Lacking } from './capabilities.ts';
import type { Step } from './describe-client.ts';
import { imagesIn, imagesOf } from './images-in.ts';
import { AMD64, ARM64, blobsOf, INDEX, LAYER } from './platform-images.ts';
import { seed } from './seed.ts';
import type { Stage } from './stage.ts';

/** The operations of ECR that the steps take, with what goes in and what comes out. */
export interface Operations {
  BatchDeleteImage: [sdk.BatchDeleteImageRequest, sdk.BatchDeleteImageResponse];
  BatchGetImage: [sdk.BatchGetImageRequest, sdk.BatchGetImageResponse];
  CompleteLayerUpload: [sdk.CompleteLayerUploadRequest, sdk.CompleteLayerUploadResponse];
  CreateRepository: [sdk.CreateRepositoryRequest, sdk.CreateRepositoryResponse];
  GetAuthorizationToken: [sdk.GetAuthorizationTokenRequest, sdk.GetAuthorizationTokenResponse];
  GetDownloadUrlForLayer: [sdk.GetDownloadUrlForLayerRequest, sdk.GetDownloadUrlForLayerResponse];
  InitiateLayerUpload: [sdk.InitiateLayerUploadRequest, sdk.InitiateLayerUploadResponse];
  ListImageReferrers: [sdk.ListImageReferrersRequest, sdk.ListImageReferrersResponse];
  ListImages: [sdk.ListImagesRequest, sdk.ListImagesResponse];
  PutImage: [sdk.PutImageRequest, sdk.PutImageResponse];
  UploadLayerPart: [sdk.UploadLayerPartRequest, sdk.UploadLayerPartResponse];
}

/** Has a client of ECR's API perform one operation. */
export type Perform = <O extends keyof Operations>(
  stage: Stage,
  operation: O,
  input: Operations[O][0],
) => Promise<Operations[O][1]>;

/** What a client of ECR's API does, operation by operation. */
export function ecrSteps(perform: Perform): Record<Capability, Step | Lacking> {
  return {
    login: async (stage) => {
      const { authorizationData: [data] = [] } = await perform(stage, 'GetAuthorizationToken', {});
      expect(data?.proxyEndpoint).toBe(stage.berth.origin);
      await expectLogin(stage, data?.authorizationToken);
    },

    push: async (stage) => {
      const repositoryName = 'pushed';
      const { repository } = await perform(stage, 'CreateRepository', { repositoryName });
      expect(repository?.repositoryUri).toBe(`${stage.host}/${repositoryName}`);
      for (const { bytes, digest } of blobsOf(INDEX)) {
        const { uploadId } = await perform(stage, 'InitiateLayerUpload', { repositoryName });
        const upload = { repositoryName, uploadId };
        const part = { partFirstByte: 0, partLastByte: bytes.byteLength - 1, layerPartBlob: bytes };
        await perform(stage, 'UploadLayerPart', { ...upload, ...part });
        await perform(stage, 'CompleteLayerUpload', { ...upload, layerDigests: [digest] });
      }
      for (const child of INDEX.children) await perform(stage, 'PutImage', put(repositoryName, child));
      const { image } = await perform(stage, 'PutImage', { ...put(repositoryName, INDEX), imageTag: 'v1' });
      expect(image?.imageId).toEqual({ imageDigest: INDEX.digest, imageTag: 'v1' });
      expect(await imagesIn(stage.ecr, repositoryName)).toEqual(imagesOf(INDEX, 'v1'));
    },

    list: async (stage) => {
      await seed(stage.setup, 'listed', INDEX, 'v2', 'latest', 'v1');
      const filter = { tagStatus: 'TAGGED' } as const;
      const { imageIds } = await perform(stage, 'ListImages', { repositoryName: 'listed', filter });
      expect(imageIds?.map(({ imageTag }) => imageTag).sort()).toEqual(['latest', 'v1', 'v2']);
    },

    pull: async (stage) => {
      const repositoryName = 'pulled';
      await seed(stage.setup, repositoryName, INDEX, 'v1');
      const imageIds = [{ imageTag: 'v1' }, { imageDigest: ARM64.digest }];
      const { images = [] } = await perform(stage, 'BatchGetImage', { repositoryName, imageIds });
      const manifests = images.map(({ imageManifest = '' }) => digestOf(Buffer.from(imageManifest)));
      expect(manifests.sort()).toEqual([INDEX.digest, ARM64.digest].sort());
      const layer = { repositoryName, layerDigest: LAYER.digest };
      const { downloadUrl = '' } = await perform(stage, 'GetDownloadUrlForLayer', layer);
      const answer = await fetch(downloadUrl);
      expect(digestOf(new Uint8Array(await answer.arrayBuffer()))).toBe(LAYER.digest);
    },

    mount: { lacks: "ECR's API cannot mount; registry clients do." },

    referrers: async (stage) => {
      const repositoryName = 'signed';
      const artifactType = 'application/vnd.example.signature';
      const signature = buildImage('signature', { artifactType, subject: INDEX });
      await seed(stage.setup, repositoryName, INDEX, 'v1');
      await seed(stage.setup, repositoryName, signature, 'signature');
      const subjectId = { imageDigest: INDEX.digest };
      const { referrers } = await perform(stage, 'ListImageReferrers', { repositoryName, subjectId });
      expect(referrers).toEqual([expect.objectContaining({ digest: signature.digest, artifactType })]);
    },

    deleteTag: async (stage) => {
      const repositoryName = 'untagged';
      await seed(stage.setup, repositoryName, INDEX, 'v1', 'latest');
      const imageIds = [{ imageTag: 'v1' }];
      await perform(stage, 'BatchDeleteImage', { repositoryName, imageIds });
      expect(await imagesIn(stage.ecr, repositoryName)).toEqual(imagesOf(INDEX, 'latest'));
    },

    deleteImage: async (stage) => {
      const repositoryName = 'deleted';
      await seed(stage.setup, repositoryName, INDEX, 'v1');
      const imageIds = [{ imageDigest: AMD64.digest }, { imageTag: 'absent' }];
      const refused = await perform(stage, 'BatchDeleteImage', { repositoryName, imageIds });
      expect(refused.failures).toEqual([
        {
          imageId: { imageDigest: AMD64.digest },
          failureCode: 'ImageReferencedByManifestList',
          failureReason: `Requested image referenced by manifest list: [${INDEX.digest}]`,
        },
        { imageId: { imageTag: 'absent' }, failureCode: 'ImageNotFound', failureReason: 'Requested image not found' },
      ]);
      const all = [INDEX, ...INDEX.children].map(({ digest }) => ({ imageDigest: digest }));
      const { failures } = await perform(stage, 'BatchDeleteImage', { repositoryName, imageIds: all.slice(0, 1) });
      expect(failures).toEqual([]);
      await perform(stage, 'BatchDeleteImage', { repositoryName, imageIds: all.slice(1) });
      expect(await imagesIn(stage.ecr, repositoryName)).toEqual({});
    },
  };
}

/** Expects that the registry takes `AWS:<password>` in base64 for a login. */
export async function expectLogin({ berth }: Stage, credentials: string | undefined): Promise<void> {
  const login = (sent: string) => fetch(`${berth.origin}/v2/`, { headers: { authorization: `Basic ${sent}` } });
  expect((await login(Buffer.from('AWS:not the password').toString('base64'))).status).toBe(401);
  expect((await login(credentials ?? '')).status).toBe(200);
}

function put(repositoryName: string, { bytes, mediaType, digest }: BuiltManifest): sdk.PutImageRequest {
  const imageManifest = Buffer.from(bytes).toString('utf8');
  return { repositoryName, imageManifest, imageManifestMediaType: mediaType, imageDigest: digest };
}
