/** Of requests and answers of ECR's JSON API. */
export const CONTENT_TYPE = 'application/x-amz-json-1.1';
