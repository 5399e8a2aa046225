import { awsCli, getLoginPassword, type Pointing } from './support/aws-cli.ts';
import { describeClient } from './support/describe-client.ts';
import { ecrSteps } from './support/ecr-steps.ts';

const byVariable: Pointing = () => [];
/** Before 2.13, version 2 does not know AWS_ENDPOINT_URL_ECR. */
const byFlag: Pointing = ({ berth }) => ['--endpoint-url', berth.origin];

describeClient(
  'aws-cli 1',
  { ...ecrSteps(awsCli(byVariable)), login: getLoginPassword(byVariable) },
  { note: 'With `AWS_ENDPOINT_URL_ECR=http://localhost:4327`.' },
);

describeClient(
  'aws-cli 2',
  {
    ...ecrSteps(awsCli(byFlag)),
    login: getLoginPassword(byFlag),
    referrers: { lacks: 'this version does not know ListImageReferrers.' },
  },
  { note: 'Later versions take `AWS_ENDPOINT_URL_ECR` as well; before 2.13, it is `--endpoint-url` or nothing.' },
);
