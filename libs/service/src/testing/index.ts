export { TestAuthority, type IssueOptions, type TestCertificate } from './certificates.js';
