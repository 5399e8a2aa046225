import type { FastifyReply, FastifyRequest } from 'fastify';
import { writeJson } from '../aws/json/write-json.ts';
import { CONTENT_TYPE } from './content-type.ts';

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
  const signed = isForAnotherService(request) ? signedService(request) : undefined;
  const service = signed ?? /^[A-Za-z0-9_]{1,64}/.exec(target)?.[0] ?? 'something else';
  const advice = `This endpoint (Berth ${version}) serves Amazon ECR only. You called ${service}. Unset AWS_ENDPOINT_URL and set AWS_ENDPOINT_URL_ECR instead.`;
  if (target !== '') {
    return send(reply, 400, CONTENT_TYPE, writeJson({ __type: 'UnknownOperationException', message: advice }));
  }
  const id = `<RequestId>${request.id}</RequestId>`;
  if ((request.headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded')) {
    const error = `<Error><Type>Sender</Type><Code>InvalidAction</Code><Message>${advice}</Message></Error>`;
    return send(reply, 400, 'text/xml', `<ErrorResponse>${error}${id}</ErrorResponse>\n`);
  }
  if (service === 's3') {
    return send(
      reply,
      400,
      'application/xml',
      `<Error><Code>InvalidRequest</Code><Message>${advice}</Message>${id}</Error>\n`,
    );
  }
  if (request.url === '/') return answerUnknownProtocol(reply);
  reply.header('x-amzn-errortype', 'UnknownOperationException');
  return send(reply, 404, 'application/json', writeJson({ message: advice }));
}

/** Whether the request carries a signature that was made for a service other than ECR. */
export function isForAnotherService(request: FastifyRequest): boolean {
  const service = signedService(request);
  return service !== undefined && service !== 'ecr';
}

/** To what is in no protocol of ours, ECR itself says no more than this, in XML (fidelity facts, section 2.3). */
export function answerUnknownProtocol(reply: FastifyReply): FastifyReply {
  return send(reply, 404, 'text/xml', '<UnknownOperationException/>\n');
}

/** The service in the scope of the signature; only what is safe to repeat. */
function signedService(request: FastifyRequest): string | undefined {
  return /Credential=[^,\s]*\/([a-z0-9-]{1,64})\/aws4_request/.exec(request.headers.authorization ?? '')?.[1];
}

function send(reply: FastifyReply, status: number, contentType: string, body: string): FastifyReply {
  return reply.code(status).header('content-type', contentType).send(Buffer.from(body));
}
