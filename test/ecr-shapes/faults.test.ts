import * as sdk from '@aws-sdk/client-ecr';
import { describe, expect, it } from 'vitest';
import { writeJson } from '../../src/aws/json/write-json.ts';
import { EXCEPTIONS, errorBody, serverErrorBody, statusOf } from '../../src/ecr/faults.ts';
import { Fault } from '../../src/model/fault.ts';
import { FAULT_MESSAGES, type FaultCode, type FaultFacts } from '../../src/model/fault-messages.ts';

/** Every fact that any message is made from. */
const FACTS = {
  parameter: 'imageIds',
  constraint: 'Invalid ARN',
  reason: 'a reason',
  limit: 10,
  principal: 'arn:aws:iam::123456789012:user/test',
  action: 'ecr:BatchDeleteImage',
  resource: 'arn:aws:ecr:us-east-1:123456789012:repository/R',
  because: 'because no identity-based policy allows the ecr:BatchDeleteImage action',
  registryId: '123456789012',
  repositoryName: 'R',
  imageDigest: 'sha256:1',
  imageTag: 'T',
  layerDigest: 'sha256:2',
  digest: 'sha256:3',
  digests: ['sha256:4', 'sha256:5'],
  parents: ['sha256:6'],
  uploadId: '26d021a3-145a-41b3-a474-d4dc427daaa3',
  lastValidByteReceived: 9,
  offset: 10,
  size: 11,
  name: 'N',
  reference: 'F',
  store: 'database',
} as const;

const CODES = Object.keys(FAULT_MESSAGES) as FaultCode[];
/** What nobody who calls can help. AWS's clients try again after a 500. */
const OURS: readonly FaultCode[] = ['StorageFull', 'StoreUnavailable'];
const COMMON = new Set([
  'AccessDeniedException',
  'ExpiredTokenException',
  'IncompleteSignatureException',
  'InvalidSignatureException',
  'MissingAuthenticationTokenException',
  'SerializationException',
  'ThrottlingException',
  'UnknownOperationException',
  'UnrecognizedClientException',
]);

function bodyOf<C extends FaultCode>(code: C, facts: FaultFacts<C>): string {
  return writeJson(errorBody(new Fault(code, facts)));
}

describe('the table of exceptions', () => {
  it.each(CODES)('renders %s with a type that AWS knows and a whole sentence', (code) => {
    const fault = new Fault(code, FACTS as never);
    const { __type, message, Message } = errorBody(fault);
    expect(__type).toBe(EXCEPTIONS[code]);
    expect(COMMON.has(__type) || __type in sdk, __type).toBe(true);
    expect(message ?? Message).toBe(fault.message);
    expect(fault.message).not.toMatch(/undefined|null|NaN|\[object/);
    expect(statusOf(fault)).toBe(OURS.includes(code) ? 500 : 400);
  });

  it('has an entry for every code and none beside them', () => {
    expect(Object.keys(EXCEPTIONS).toSorted()).toEqual(CODES.toSorted());
    expect(CODES.length).toBeGreaterThan(40);
  });

  it('answers what does not exist with the exception of its kind', () => {
    expect(EXCEPTIONS).toMatchObject({
      RepositoryNotFound: 'RepositoryNotFoundException',
      ImageNotFound: 'ImageNotFoundException',
      ManifestUnknown: 'ImageNotFoundException',
      LayerNotFound: 'LayersNotFoundException',
      LayersNotFound: 'LayersNotFoundException',
      BlobUnknown: 'LayersNotFoundException',
      UploadNotFound: 'UploadNotFoundException',
      ReferencedImagesNotFound: 'ReferencedImagesNotFoundException',
    });
  });

  it('never blames the server for what the caller sent, nor the caller for the stores', () => {
    expect(CODES.filter((code) => EXCEPTIONS[code] === 'ServerException')).toEqual(OURS);
  });
});

describe('the body of a refusal', () => {
  it('is what ECR is on record with', () => {
    expect(bodyOf('RepositoryNotFound', { repositoryName: 'R', registryId: '123456789012' })).toBe(
      `{"__type":"RepositoryNotFoundException","message":"The repository with name 'R' does not exist in the registry with id '123456789012'"}`,
    );
    expect(
      bodyOf('InvalidParameter', {
        parameter: 'imageIds',
        constraint: 'Member must have length less than or equal to 100',
      }),
    ).toBe(
      `{"__type":"InvalidParameterException","message":"Invalid parameter at 'imageIds' failed to satisfy constraint: 'Member must have length less than or equal to 100'"}`,
    );
    expect(bodyOf('UnrecognizedClient', {})).toBe(
      '{"__type":"UnrecognizedClientException","message":"The security token included in the request is invalid."}',
    );
  });

  it('writes Message with a capital for access denied, and for nothing else', () => {
    const { principal, action, resource, because } = FACTS;
    expect(bodyOf('AccessDenied', { principal, action, resource, because })).toBe(
      `{"__type":"AccessDeniedException","Message":"User: ${principal} is not authorized to perform: ${action} on resource: ${resource} ${because}"}`,
    );
    const capital = CODES.filter((code) => 'Message' in errorBody(new Fault(code, FACTS as never)));
    expect(capital).toEqual(['AccessDenied']);
  });

  it('says how far an upload has come when a part does not follow on', () => {
    const { registryId, repositoryName, uploadId } = FACTS;
    const upload = { registryId, repositoryName, uploadId };
    const invalid = errorBody(
      new Fault('InvalidLayerPart', { ...upload, lastValidByteReceived: 99, reason: 'it begins too early' }),
    );
    expect(invalid).toMatchObject({ __type: 'InvalidLayerPartException', ...upload, lastValidByteReceived: 99 });
    expect(Object.keys(invalid).toSorted()).toEqual([
      '__type',
      'lastValidByteReceived',
      'message',
      'registryId',
      'repositoryName',
      'uploadId',
    ]);
    expect(errorBody(new Fault('RangeOutOfOrder', { ...upload, offset: 100 }))).toMatchObject({
      ...upload,
      lastValidByteReceived: 99,
    });
    expect(errorBody(new Fault('UploadBusy', { ...upload, offset: 0 })).lastValidByteReceived).toBe(-1);
    expect(Object.keys(errorBody(new Fault('UploadNotFound', upload)))).toEqual(['__type', 'message']);
  });
});

describe('an error of ours', () => {
  it('shows its request id and nothing else', () => {
    expect(writeJson(serverErrorBody('26d021a3'))).toBe(
      '{"__type":"ServerException","message":"The server failed to answer the request 26d021a3"}',
    );
  });
});
