import { fileURLToPath } from 'node:url';
import type { ECR } from '@aws-sdk/client-ecr';
import { describeClient } from './support/describe-client.ts';
import { ecrSteps, type Operations } from './support/ecr-steps.ts';

const SCRIPT = fileURLToPath(new URL('support/call-ecr.py', import.meta.url));

const boto3 = ecrSteps(async (stage, operation, input) => {
  const { layerPartBlob, ...rest } = { layerPartBlob: undefined, ...input };
  const bytes = layerPartBlob && { layerPartBlob: Buffer.from(layerPartBlob).toString('base64') };
  const method = operation.replace(/(?!^)[A-Z]/g, '_$&').toLowerCase();
  const args = [SCRIPT, method, JSON.stringify({ ...rest, ...bytes })];
  return JSON.parse(await stage.run(args, { shown: `ecr.${method}(…)` }));
});

const METHODS: { [O in keyof Operations]: (ecr: ECR, input: Operations[O][0]) => Promise<Operations[O][1]> } = {
  BatchDeleteImage: (ecr, input) => ecr.batchDeleteImage(input),
  BatchGetImage: (ecr, input) => ecr.batchGetImage(input),
  CompleteLayerUpload: (ecr, input) => ecr.completeLayerUpload(input),
  CreateRepository: (ecr, input) => ecr.createRepository(input),
  GetAuthorizationToken: (ecr, input) => ecr.getAuthorizationToken(input),
  GetDownloadUrlForLayer: (ecr, input) => ecr.getDownloadUrlForLayer(input),
  InitiateLayerUpload: (ecr, input) => ecr.initiateLayerUpload(input),
  ListImageReferrers: (ecr, input) => ecr.listImageReferrers(input),
  ListImages: (ecr, input) => ecr.listImages(input),
  PutImage: (ecr, input) => ecr.putImage(input),
  UploadLayerPart: (ecr, input) => ecr.uploadLayerPart(input),
};

/** In this very process: it is the client that the other tests look at the server with. */
const javascript = ecrSteps((stage, operation, input) => {
  stage.show(`ecr.${operation.charAt(0).toLowerCase()}${operation.slice(1)}(…)`);
  return METHODS[operation](stage.ecr, input);
});

describeClient('boto3', boto3, { note: 'With `AWS_ENDPOINT_URL_ECR=http://localhost:4327`.' });
describeClient('AWS SDK for JavaScript', javascript, {
  note: "With `new ECR({ endpoint: 'http://localhost:4327', … })`.",
});
