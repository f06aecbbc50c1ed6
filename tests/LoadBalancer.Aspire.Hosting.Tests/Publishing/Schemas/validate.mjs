// Reads an array of documents from standard input, and prints what is wrong with each of them: an array of lines a document.
import { text } from "node:stream/consumers";

const upper = word => word[0].toUpperCase() + word.slice(1);

async function errorsOf(document) {
  const version = document.apiVersion.split("/")[1];
  const { validate } = await import(`@kubernetes-models/gateway-api/_schemas/IoK8sSigsGatewayApiApis${upper(version)}${document.kind}`);
  return validate(document) ? [] : validate.errors.map(error => `${error.instancePath} ${error.keyword} ${JSON.stringify(error.params)}`);
}

const documents = JSON.parse(await text(process.stdin));
console.log(JSON.stringify(await Promise.all(documents.map(errorsOf))));
