/**
 * What servers need of the C library and Node lacks, over node:ffi. Only `libc/native.ts` touches ffi. Every function throws
 * LibcError, with the reason, where it cannot be called (`libcProblem()` tells beforehand); `errno*` work everywhere.
 * Supplementary groups, ids and umask are Node's own: `process.initgroups`, `setgroups`, `setgid`, `setuid`, `umask`.
 */
export { errnoName, errnoNumber, errnoText } from './libc/errno.ts';
export { inNamespace, NAMESPACES } from './libc/namespace.ts';
export { addressOf, LibcError, libcProblem, type Mapping, mapMemory, unmapMemory } from './libc/native.ts';
export {
  type Capability,
  changeRootOfThread,
  type DescriptorLimit,
  descriptorLimit,
  forbidNewPrivileges,
  hasCapability,
  keepCapabilities,
  limitCapabilities,
  setDescriptorLimit,
  setDumpable,
} from './libc/process.ts';
export { abstractName, displayPath, inetSockaddr, paddedAbstractName, type SocketName } from './libc/sockaddr.ts';
export {
  bindInet,
  bindToDevice,
  closeDescriptor,
  type DescribedSocket,
  describeSocket,
  descriptorOf,
  duplicateDescriptor,
  getSocketOption,
  isUndelivered,
  listenOn,
  localName,
  MD5_KEY_MAX,
  openStreamSocket,
  type PeerCredentials,
  peerCredentials,
  peerName,
  resetOnClose,
  type SocketOption,
  setCongestionControl,
  setSocketOption,
  shutdownWriting,
  signSegments,
  suspendListening,
  type TcpInfo,
  takeSavedSyn,
  tcpInfo,
} from './libc/socket.ts';
export {
  type ConnectedDatagramSocket,
  connectUnixBlocking,
  connectUnixDatagram,
  listenUnix,
  MAX_PASSED_DESCRIPTORS,
  notifyServiceManager,
  openUnixDatagram,
  type ReceivedDescriptors,
  receiveDescriptors,
  sendDescriptors,
  type UnixAccess,
  type UnixDatagramSocket,
} from './libc/unix.ts';
export {
  type BufferRing,
  CQ_EVENTFD_DISABLED,
  CQE_WORDS,
  openUring,
  registerBuffers,
  SQ_CQ_OVERFLOW,
  SQ_TASKRUN,
  SQE_WORDS,
  type Uring,
  uringProblem,
} from './libc/uring.ts';
