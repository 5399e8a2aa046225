import { writeJson } from '../aws/json/write-json.ts';
import { RETRY_AFTER, type Refusal, type Surface } from '../http/surface.ts';
import { Fault } from '../model/fault.ts';
import { CONTENT_TYPE } from './content-type.ts';
import { errorBody, statusOf } from './faults.ts';
import { TARGET_PREFIX } from './strangers.ts';

/** ECR's JSON API. AWS's clients slow down and come again after ThrottlingException. */
export const ECR_SURFACE: Surface = {
  name: 'ecr',
  covers: ({ method, headers }) => method === 'POST' && String(headers['x-amz-target']).startsWith(TARGET_PREFIX),
  busy: busy(),
};

function busy(): Refusal {
  const fault = new Fault('TooManyRequests', {});
  return {
    status: statusOf(fault),
    headers: { 'Content-Type': CONTENT_TYPE, 'Retry-After': RETRY_AFTER },
    body: writeJson(errorBody(fault)),
  };
}
