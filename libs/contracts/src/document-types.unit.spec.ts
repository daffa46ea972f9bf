import {
  databaseName,
  documentTypeNamed,
  documentTypeOfResource,
  documentTypes,
  isDocumentTypeName,
} from './document-types';

describe('documentTypes', () => {
  it('leads from every REST resource to its type and back', () => {
    const pairs = Object.fromEntries(documentTypes.map(({ resource, type }) => [resource, type]));

    expect(pairs).toEqual({
      accounts: 'account',
      callflows: 'callflow',
      devices: 'device',
      faxboxes: 'faxbox',
      media: 'media',
      users: 'user',
      vmboxes: 'vmbox',
      faxes: 'fax',
      messages: 'mailbox_message',
      recordings: 'call_recording',
      groups: 'group',
    });
    for (const entry of documentTypes) {
      expect(documentTypeOfResource(entry.resource)).toBe(entry);
      expect(documentTypeNamed(entry.type)).toBe(entry);
      expect(isDocumentTypeName(entry.type)).toBe(true);
    }
  });

  it('knows no others', () => {
    expect(documentTypeOfResource('toString')).toBeUndefined();
    expect(documentTypeNamed('pet')).toBeUndefined();
    expect(isDocumentTypeName(undefined)).toBe(false);
  });

  it('puts mailbox messages under a voicemail box', () => {
    expect(documentTypeNamed('mailbox_message')?.parent).toBe('vmbox');
  });
});

describe('databaseName', () => {
  const account = '0f1e2d3c4b5a69788796a5b4c3d2e1f0';

  it('is one per account, or one per account and month', () => {
    const newYear = Date.UTC(2026, 0, 1);

    expect(databaseName(account, 'user', newYear)).toBe('account%2F0f%2F1e%2F2d3c4b5a69788796a5b4c3d2e1f0');
    expect(databaseName(account, 'fax', newYear)).toBe(`${account}-202601`);
    expect(databaseName(account, 'mailbox_message', newYear - 1)).toBe(`${account}-202512`);
  });
});
