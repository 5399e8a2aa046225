import { expect, test } from 'vitest';
import { parseRepositoryArn, repositoryArn } from '../../src/model/arn.ts';

const REGISTRY = { id: '123456789012', region: 'eu-central-1' };

test.each(['app', 'team/app', 'a/repository/b'])(
  'The ARN of the repository %s is read back as that repository',
  (name) => {
    const arn = repositoryArn(REGISTRY, name);
    expect(arn).toBe(`arn:aws:ecr:eu-central-1:123456789012:repository/${name}`);
    expect(parseRepositoryArn(arn)).toEqual({ registry: REGISTRY, repositoryName: name });
  },
);

test('The partitions of China and of the United States government are taken too', () => {
  expect(parseRepositoryArn('arn:aws-cn:ecr:cn-north-1:123456789012:repository/app')).toBeDefined();
  expect(parseRepositoryArn('arn:aws-us-gov:ecr:us-gov-west-1:123456789012:repository/app')).toBeDefined();
});

test.each([
  '',
  'app',
  'arn:aws:ecr:eu-central-1:123456789012:repository/',
  'arn:aws:ecr:eu-central-1:123456789012:repository/A',
  'arn:aws:ecr:eu-central-1:123456789012:repository/a/../b',
  'arn:aws:ecr:eu-central-1:123456789012:repository/app:x',
  'arn:aws:ecr:eu-central-1:123456789012:app',
  'arn:aws:ecr:eu-central-1:12345678901:repository/app',
  'arn:aws:ecr::123456789012:repository/app',
  'arn:aws:s3:eu-central-1:123456789012:repository/app',
  'arn:gcp:ecr:eu-central-1:123456789012:repository/app',
  'xarn:aws:ecr:eu-central-1:123456789012:repository/app',
  'arn:aws:ecr:eu-central-1:123456789012:repository/app\n',
])('%j is not the ARN of a repository', (text) => {
  expect(parseRepositoryArn(text)).toBeUndefined();
});
