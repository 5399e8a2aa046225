import type { IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';

/** A request of S3's, understood and with all its bytes. Whose it is, is not asked: signatures are not looked at. */
export interface S3Call {
  readonly operation: Operation;
  readonly bucket: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export type Operation =
  | 'CreateBucket'
  | 'ListObjectsV2'
  | 'ListMultipartUploads'
  | 'DeleteObjects'
  | 'PutObject'
  | 'GetObject'
  | 'HeadObject'
  | 'DeleteObject'
  | 'CreateMultipartUpload'
  | 'UploadPart'
  | 'ListParts'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload'
  | 'Unknown';

export async function readCall(request: IncomingMessage): Promise<S3Call> {
  const url = new URL(request.url ?? '', 'http://localhost');
  const [bucket = '', ...rest] = url.pathname.slice(1).split('/').map(decodeURIComponent);
  const key = rest.join('/');
  const operation = operationOf(request.method ?? '', key !== '', url.searchParams);
  return { operation, bucket, key, query: url.searchParams, headers: request.headers, body: await buffer(request) };
}

function operationOf(method: string, onObject: boolean, query: URLSearchParams): Operation {
  const about = ['uploads', 'uploadId', 'delete', 'list-type'].find((name) => query.has(name)) ?? '';
  return OPERATIONS[`${method} ${onObject ? 'object' : 'bucket'} ${about}`.trim()] ?? 'Unknown';
}

const OPERATIONS: Readonly<Record<string, Operation>> = {
  'PUT bucket': 'CreateBucket',
  'GET bucket list-type': 'ListObjectsV2',
  'GET bucket uploads': 'ListMultipartUploads',
  'POST bucket delete': 'DeleteObjects',
  'PUT object': 'PutObject',
  'GET object': 'GetObject',
  'HEAD object': 'HeadObject',
  'DELETE object': 'DeleteObject',
  'POST object uploads': 'CreateMultipartUpload',
  'PUT object uploadId': 'UploadPart',
  'GET object uploadId': 'ListParts',
  'POST object uploadId': 'CompleteMultipartUpload',
  'DELETE object uploadId': 'AbortMultipartUpload',
};
