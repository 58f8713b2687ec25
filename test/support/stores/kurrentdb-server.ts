/**
 * A stand-in for KurrentDB: no registry has its server. It speaks the client's own protocol (its generated gRPC
 * definitions) as far as the sink and its tests use it: read, append, tombstone. A process: `PORT FILE LARGEST_APPEND`.
 */
import {
  Metadata,
  Server,
  ServerCredentials,
  status,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
} from '@grpc/grpc-js';
import featuresService from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/serverfeatures_grpc_pb.js';
import features from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/serverfeatures_pb.js';
import shared from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/shared_pb.js';
import rpc from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/status_pb.js';
import streamsService from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_grpc_pb.js';
import pb from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js';
import any from 'google-protobuf/google/protobuf/any_pb.js';
import { openStreams, type Appended, type Expected, type StoredEvent } from './kurrentdb-streams.js';

const [port = '', file = '', largestAppend = ''] = process.argv.slice(2);
const streams = openStreams(file, Number(largestAppend));

type Batch = InstanceType<typeof pb.BatchAppendReq>;
type BatchAnswer = InstanceType<typeof pb.BatchAppendResp>;
type ReadRequest = InstanceType<typeof pb.ReadReq>;
type ReadAnswer = InstanceType<typeof pb.ReadResp>;
type TombstoneRequest = InstanceType<typeof pb.TombstoneReq>;

const nameOf = (identifier: InstanceType<typeof shared.StreamIdentifier> | undefined): string =>
  Buffer.from(identifier?.getStreamName_asU8() ?? []).toString();

const identifierOf = (stream: string) =>
  new shared.StreamIdentifier().setStreamName(Buffer.from(stream).toString('base64'));

function read(call: ServerWritableStream<ReadRequest, ReadAnswer>): void {
  const options = call.request.getOptions();
  const stream = options?.getStream();
  const name = nameOf(stream?.getStreamIdentifier());
  if (streams.isDeleted(name)) {
    const metadata = new Metadata();
    metadata.set('exception', 'stream-deleted');
    metadata.set('stream-name', name);
    call.emit('error', { code: status.FAILED_PRECONDITION, details: `${name} is deleted`, metadata });
    return;
  }
  const events = streams.read(name);
  if (!events) {
    const notFound = new pb.ReadResp.StreamNotFound().setStreamIdentifier(identifierOf(name));
    call.write(new pb.ReadResp().setStreamNotFound(notFound));
    call.end();
    return;
  }
  const backwards = options?.getReadDirection() === pb.ReadReq.Options.ReadDirection.BACKWARDS;
  const last = events.length - 1;
  const from = stream?.hasRevision() ? Math.min(Number(stream.getRevision()), backwards ? last : Infinity) : undefined;
  const count = Number(options?.getCount() ?? events.length);
  const step = backwards ? -1 : 1;
  let revision = from ?? (backwards ? last : 0);
  for (let written = 0; written < count; written += 1, revision += step) {
    const event = events[revision];
    if (!event) break;
    call.write(answerOf(name, event, revision));
  }
  call.end();
}

function answerOf(stream: string, event: StoredEvent, revision: number): ReadAnswer {
  const recorded = new pb.ReadResp.ReadEvent.RecordedEvent()
    .setId(new shared.UUID().setString(event.id))
    .setStreamIdentifier(identifierOf(stream))
    .setStreamRevision(String(revision))
    .setPreparePosition(String(revision))
    .setCommitPosition(String(revision))
    .setCustomMetadata(event.metadata)
    .setData(event.data);
  recorded
    .getMetadataMap()
    .set('type', event.type)
    .set('content-type', event.contentType)
    // Ticks of 100 ns.
    .set('created', String(BigInt(event.createdAt) * 10_000n));
  return new pb.ReadResp().setEvent(new pb.ReadResp.ReadEvent().setEvent(recorded).setNoPosition(new shared.Empty()));
}

/** A request may come in parts; the first says to which stream, and the last is final. */
function batchAppend(call: ServerDuplexStream<Batch, BatchAnswer>): void {
  const parts = new Map<string, { readonly options: Batch; readonly events: StoredEvent[] }>();
  call.on('data', (request: Batch) => {
    const id = request.getCorrelationId();
    if (!id) return;
    const key = Buffer.from(id.serializeBinary()).toString('hex');
    const append = parts.get(key) ?? { options: request, events: [] };
    parts.set(key, append);
    append.events.push(...request.getProposedMessagesList().map(eventOf));
    if (!request.getIsFinal()) return;
    parts.delete(key);
    const options = append.options.getOptions();
    const stream = nameOf(options?.getStreamIdentifier());
    const appended = streams.append(stream, expectedOf(options), append.events);
    const answer = new pb.BatchAppendResp().setCorrelationId(id).setStreamIdentifier(identifierOf(stream));
    call.write(outcomeOf(answer, stream, appended));
  });
  call.on('end', () => call.end());
}

function expectedOf(options: ReturnType<Batch['getOptions']>): Expected {
  if (options?.hasNoStream()) return 'noStream';
  if (options?.hasStreamExists()) return 'streamExists';
  return options?.hasStreamPosition() ? BigInt(options.getStreamPosition()) : 'any';
}

const eventOf = (message: ReturnType<Batch['getProposedMessagesList']>[number]): StoredEvent => ({
  id: message.getId()?.getString() ?? '',
  type: message.getMetadataMap().get('type') ?? '',
  contentType: message.getMetadataMap().get('content-type') ?? '',
  data: message.getData_asB64(),
  metadata: message.getCustomMetadata_asB64(),
  createdAt: Date.now(),
});

function outcomeOf(answer: BatchAnswer, stream: string, appended: Appended): BatchAnswer {
  if (appended.outcome === 'appended') {
    const success = new pb.BatchAppendResp.Success().setCurrentRevision(String(appended.revision));
    return answer.setSuccess(success);
  }
  if (appended.outcome === 'conflict') {
    const conflict = new shared.WrongExpectedVersion();
    if (appended.revision !== undefined) conflict.setCurrentStreamRevision(String(appended.revision));
    return answer.setError(errorOf(conflict.serializeBinary(), 'WrongExpectedVersion'));
  }
  if (appended.outcome === 'deleted') {
    const deleted = new shared.StreamDeleted().setStreamIdentifier(identifierOf(stream));
    return answer.setError(errorOf(deleted.serializeBinary(), 'StreamDeleted'));
  }
  const tooLarge = new shared.MaximumAppendSizeExceeded().setMaxappendsize(Number(largestAppend));
  return answer.setError(errorOf(tooLarge.serializeBinary(), 'MaximumAppendSizeExceeded'));
}

function errorOf(details: Uint8Array, name: string) {
  const packed = new any.Any();
  packed.pack(details, `event_store.client.${name}`);
  return new rpc.Status()
    .setCode(status.FAILED_PRECONDITION as never)
    .setMessage(name)
    .setDetails(packed);
}

function tombstone(
  call: ServerUnaryCall<TombstoneRequest, InstanceType<typeof pb.TombstoneResp>>,
  answer: sendUnaryData<InstanceType<typeof pb.TombstoneResp>>,
): void {
  streams.tombstone(nameOf(call.request.getOptions()?.getStreamIdentifier()));
  answer(null, new pb.TombstoneResp().setNoPosition(new shared.Empty()));
}

function supported(_call: unknown, answer: sendUnaryData<InstanceType<typeof features.SupportedMethods>>): void {
  const methods = new features.SupportedMethods().setEventStoreServerVersion('24.10.0');
  for (const name of ['read', 'batchappend', 'tombstone']) {
    methods.addMethods(
      new features.SupportedMethod().setServiceName('event_store.client.streams.streams').setMethodName(name),
    );
  }
  answer(null, methods);
}

const server = new Server();
server.addService(streamsService.StreamsService, { read, batchAppend, tombstone });
server.addService(featuresService.ServerFeaturesService, { getSupportedMethods: supported });
server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
});
