import { ACCOUNT, REGION } from './ecr-server.ts';
import { type Refusal, repositoryNotFound } from './refusals.ts';

export function arnOf(repositoryName: string): string {
  return `arn:aws:ecr:${REGION}:${ACCOUNT}:repository/${repositoryName}`;
}

/** What names no repository, whatever exists. */
export const BAD_ARNS = [
  '',
  'ubuntu',
  'arn:aws:ecr',
  `arn:aws:s3:${REGION}:${ACCOUNT}:repository/ubuntu`,
  `arn:gcp:ecr:${REGION}:${ACCOUNT}:repository/ubuntu`,
  `arn:aws:ecr:${REGION}:1:repository/ubuntu`,
  `arn:aws:ecr::${ACCOUNT}:repository/ubuntu`,
  `arn:aws:ecr:US_EAST:${ACCOUNT}:repository/ubuntu`,
  `arn:aws:ecr:${REGION}:${ACCOUNT}:image/ubuntu`,
  `arn:aws:ecr:${REGION}:${ACCOUNT}:repository/`,
  `arn:aws:ecr:${REGION}:${ACCOUNT}:repository/Ubuntu`,
  `arn:aws:ecr:${REGION}:${ACCOUNT}:repository/../ubuntu`,
  `arn:aws:ecr:${REGION}:${ACCOUNT}:repository/ubuntu:latest`,
  `arn:aws:ecr:${REGION}:${ACCOUNT}:repository/ubuntu\n`,
  `arn:aws:ecr:${REGION}:${ACCOUNT}:repository/*`,
];

/** Sound ARNs of repositories that do not exist, with how they are refused. */
export function missingArns(): [arn: string, refusal: Refusal][] {
  return [
    [arnOf('nowhere'), repositoryNotFound('nowhere')],
    [`arn:aws-cn:ecr:${REGION}:111111111111:repository/nowhere`, repositoryNotFound('nowhere', '111111111111')],
    [arnOf('a'.repeat(256)), repositoryNotFound('a'.repeat(256))],
  ];
}
