import type { FastifyReply, FastifyRequest } from 'fastify';
import { writeJson } from '../aws/json/write-json.ts';

export const TARGET_PREFIX = 'AmazonEC2ContainerRegistry_V20150921.';

/**
 * Answers a call for another AWS service, in that service's protocol, so that whoever sent everything here by setting
 * `AWS_ENDPOINT_URL` reads what to do instead.
 */
export function answerStranger(
  request: FastifyRequest,
  reply: FastifyReply,
  target: string,
  version: string,
): FastifyReply {
  const service = serviceOf(request, target);
  const advice = `This endpoint (Berth ${version}) serves Amazon ECR only. You called ${service}. Unset AWS_ENDPOINT_URL and set AWS_ENDPOINT_URL_ECR instead.`;
  if (target !== '') {
    const body = writeJson({ __type: 'UnknownOperationException', message: advice });
    return reply.code(400).header('content-type', 'application/x-amz-json-1.1').send(Buffer.from(body));
  }
  if ((request.headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded')) {
    const error = `<Error><Type>Sender</Type><Code>InvalidAction</Code><Message>${advice}</Message></Error>`;
    const body = `<ErrorResponse>${error}<RequestId>${request.id}</RequestId></ErrorResponse>\n`;
    return reply.code(400).header('content-type', 'text/xml').send(Buffer.from(body));
  }
  return answerUnknownProtocol(reply);
}

/** To what is in no protocol of ours, ECR itself says no more than this, in XML (fidelity facts, section 2.3). */
export function answerUnknownProtocol(reply: FastifyReply): FastifyReply {
  return reply.code(404).header('content-type', 'text/xml').send(Buffer.from('<UnknownOperationException/>\n'));
}

/** The service in the scope of the signature, else the first part of the target; only what is safe to repeat. */
function serviceOf(request: FastifyRequest, target: string): string {
  const scope = /Credential=[^,\s]*\/([a-z0-9-]{1,64})\/aws4_request/.exec(request.headers.authorization ?? '');
  return scope?.[1] ?? /^[A-Za-z0-9_]{1,64}/.exec(target)?.[0] ?? 'something else';
}
