import { isRegion } from '../model/registry.ts';
import { declare } from './declaration.ts';
import { parseBlobs, parseDatabase, parseS3Endpoint, showBlobs, showDatabase } from './places.ts';
import { duration, oneOf, text, wholeNumber, yesOrNo } from './values.ts';

const NO_DEFAULT = () => undefined;
const AN_ENDPOINT = 'http:// or https://, a host and perhaps a port, without a path';

/** Where metadata and blobs are, each independent of the other. */
export const STORE_SETTINGS = {
  database: declare({
    value: text(parseDatabase),
    accepts: 'sqlite, or the address of a PostgreSQL database (postgres://berth@db.example.com/berth)',
    help: 'Where the metadata is: sqlite, in the data folder, or the address of a PostgreSQL database',
    fallback: 'sqlite',
    argument: '<address>',
    kind: 'secret',
    shown: showDatabase,
  }),
  databasePool: declare({
    value: wholeNumber(2, 1000),
    accepts: 'a whole number from 2 to 1000',
    help: 'How many connections to PostgreSQL to have at most',
    fallback: '20',
    argument: '<number>',
  }),
  databaseTimeout: declare({
    value: duration('100ms', '1h'),
    accepts: 'a duration from 100ms to 1h, such as 30s',
    help: 'How long a statement in PostgreSQL may take',
    fallback: '30s',
    argument: '<duration>',
    kind: 'duration',
  }),
  blobs: declare({
    value: text(parseBlobs),
    accepts:
      'files, or a bucket and perhaps a prefix of letters, digits, dots, hyphens and underscores (s3://bucket/prefix)',
    help: 'Where the bytes of blobs are: files, in the data folder, or a bucket, s3://bucket/prefix',
    fallback: 'files',
    argument: '<place>',
    shown: showBlobs,
  }),
  s3Endpoint: declare<string | undefined>({
    value: text(parseS3Endpoint),
    accepts: AN_ENDPOINT,
    help: 'Server that has the bucket',
    fallback: NO_DEFAULT,
    fallbackSaid: "Amazon's, for the region",
    argument: '<url>',
    kind: 'optional',
  }),
  s3PublicEndpoint: declare<string | undefined>({
    value: text(parseS3Endpoint),
    accepts: AN_ENDPOINT,
    help: 'The same server as clients reach it, where that is another address; redirects lead there',
    fallback: NO_DEFAULT,
    fallbackSaid: '--s3-endpoint',
    argument: '<url>',
    kind: 'optional',
  }),
  s3Region: declare({
    value: text((region) => (isRegion(region) ? region : undefined)),
    accepts: 'a region name: lower-case letters, digits and hyphens, at most 63 (us-east-1, auto)',
    help: 'Region of the bucket',
    fallback: ({ env }) => env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || 'us-east-1',
    fallbackSaid: 'AWS_REGION, AWS_DEFAULT_REGION, us-east-1',
    argument: '<name>',
  }),
  s3PathStyle: declare({
    value: yesOrNo,
    accepts: 'true or false',
    help: 'Name the bucket in the path, not in the host: what most servers but Amazon’s want',
    fallback: 'false',
    kind: 'boolean',
  }),
  s3Sse: declare({
    value: oneOf('off', 'AES256', 'aws:kms'),
    accepts: 'off, AES256 or aws:kms',
    help: 'Encryption by the server to ask for with each object: off (what the bucket says), AES256 or aws:kms',
    fallback: 'off',
    argument: '<kind>',
  }),
  s3KmsKey: declare<string | undefined>({
    value: text((key) => (/^[\x21-\x7e]{1,2048}$/.test(key) ? key : undefined)),
    accepts: 'the id, ARN or alias of a key',
    help: 'Key for --s3-sse aws:kms',
    fallback: NO_DEFAULT,
    fallbackSaid: "the account's own for S3",
    argument: '<key>',
    kind: 'optional',
  }),
  blobRedirects: declare({
    value: yesOrNo,
    accepts: 'true or false',
    help: 'Send clients who pull from a bucket there, by links that are good for minutes; else the bytes go through Berth',
    fallback: 'true',
    kind: 'boolean',
  }),
} as const;
