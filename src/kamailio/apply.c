/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/data_lump.h"
#include "core/data_lump_rpl.h"
#include "core/dprint.h"
#include "core/mem/mem.h"
#include "core/parser/hf.h"
#include "core/parser/msg_parser.h"
#include "core/parser/parse_from.h"
#include "core/trim.h"
#include "modules/sl/sl.h"

/* Most headers of a message that comes in one packet are shorter with their marks; one that is not
 * is removed, as one that cannot be read, and the mark is in another. */
#define HEADER_MAX (65535 + 4096)
/* Pieces of more than 16 kB Kamailio's allocator finds at once; for a small one it looks through a
 * thousand empty lists first. They are gone with the message, to which few headers are added. */
#define FOUND_AT_ONCE (16384 + 64)
#define MARK_NOTHING (-1) /* instead of a CALLVET_MARK_...: verstat is only removed */

extern sl_api_t cv_slb;

static const str pai_name = str_init("P-Asserted-Identity");

static int add_header(sip_msg_t* msg, const char* text, int len) {
  struct lump* anchor = anchor_lump(msg, msg->unparsed - msg->buf, 0, 0);
  char* copy = pkg_malloc(len > FOUND_AT_ONCE ? len : FOUND_AT_ONCE);
  if (anchor == NULL || copy == NULL) {
    PKG_MEM_ERROR;
    if (copy != NULL) pkg_free(copy);
    return -1;
  }
  memcpy(copy, text, len);
  if (insert_new_lump_before(anchor, copy, len, 0) == NULL) {
    pkg_free(copy);
    return -1;
  }
  return 0;
}

static int replace_body(sip_msg_t* msg, const hdr_field_t* header, const char* text, int len) {
  struct lump* removed;
  char* copy;
  if (header->body.len == len && memcmp(header->body.s, text, len) == 0) return 0;
  removed = del_lump(msg, header->body.s - msg->buf, header->body.len, 0);
  copy = pkg_malloc(len);
  if (removed == NULL || copy == NULL) {
    PKG_MEM_ERROR;
    return -1;
  }
  memcpy(copy, text, len);
  if (insert_new_lump_after(removed, copy, len, 0) == NULL) {
    pkg_free(copy);
    return -1;
  }
  return 0;
}

/* The length of the first of the values in `list`, which commas divide, but not in quotes or
 * brackets. */
static int first_value(const char* list, int len) {
  int i, quoted = 0, bracketed = 0;
  for (i = 0; i < len; i++) {
    if (list[i] == '\\' && quoted) {
      i++;
    } else if (list[i] == '"') {
      quoted = !quoted;
    } else if (!quoted && (list[i] == '<' || list[i] == '>')) {
      bracketed = list[i] == '<';
    } else if (!quoted && !bracketed && list[i] == ',') {
      return i;
    }
  }
  return len;
}

/* Each value of `header` marked, into `buffer`; its length, or -1. */
static int mark_values(const cv_record_t* record, int into, const str* body, char* buffer,
                       int size) {
  const char* at = body->s;
  int left = body->len, used = 0;
  while (left > 0) {
    str value = {(char*)at, first_value(at, left)};
    int taken = value.len < left ? value.len + 1 : value.len;
    int room = size - used - 2;
    at += taken;
    left -= taken;
    trim(&value);
    if (value.len == 0) continue;
    if (used > 0) {
      memcpy(buffer + used, ", ", 2);
      used += 2;
    }
    if (room <= 0 || cv_mark(record, into, &value, buffer + used, &room) < 0) return -1;
    used += room;
  }
  return used;
}

static int named(const hdr_field_t* header, const str* name) {
  return header->name.len == name->len && strncasecmp(header->name.s, name->s, name->len) == 0;
}

/* An empty one asserts nothing. */
static int has_value(const str* body) {
  int i;
  for (i = 0; i < body->len; i++) {
    if (strchr(" \t\r\n,", body->s[i]) == NULL) return 1;
  }
  return 0;
}

static int remove_header(sip_msg_t* msg, const hdr_field_t* header) {
  return del_lump(msg, header->name.s - msg->buf, header->len, 0) == NULL ? -1 : 0;
}

/* The letter that is another name of a header (IANA's registry of SIP header fields); '\0' if there
 * is none. */
static char compact_form(const str* name) {
  static const struct {
    str name;
    char letter;
  } forms[] = {{str_init("Identity"), 'y'},
               {str_init("Identity-Info"), 'n'},
               {str_init("Subject"), 's'},
               {str_init("Supported"), 'k'},
               {str_init("Session-Expires"), 'x'},
               {str_init("Referred-By"), 'b'},
               {str_init("Refer-To"), 'r'},
               {str_init("Event"), 'o'},
               {str_init("Allow-Events"), 'u'},
               {str_init("Accept-Contact"), 'a'},
               {str_init("Reject-Contact"), 'j'},
               {str_init("Content-Encoding"), 'e'},
               {str_init("Request-Disposition"), 'd'}};
  size_t i;
  for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
    if (forms[i].name.len == name->len && strncasecmp(forms[i].name.s, name->s, name->len) == 0)
      return forms[i].letter;
  }
  return '\0';
}

/* In whatever form the sender chose to write its name. */
static int is_stripped(const hdr_field_t* header, const cv_record_t* record) {
  const char letter = header->name.len == 1 ? header->name.s[0] | 0x20 : '\0';
  str name;
  int i;
  for (i = 0; cv_list_at(&record->fields[CVF_STRIP_HEADERS], i, &name) == 0; i++) {
    if (named(header, &name) || (letter != '\0' && compact_form(&name) == letter)) return 1;
  }
  return 0;
}

/* The value of a hex digit, or -1. */
static int hex_value(char c) {
  const char lower = c | 0x20;
  if (c >= '0' && c <= '9') return c - '0';
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Whether the word stands there, or could be read by somebody who decodes, or reads over control
 * characters and '\\': all that callvet_mark_identity would remove, and more. */
static int may_hold_verstat(const str* text) {
  static const char name[] = "verstat";
  int i, matched = 0;
  for (i = 0; i < text->len; i++) {
    int c = (unsigned char)text->s[i];
    if (c == '%' && text->len - i > 2 && hex_value(text->s[i + 1]) >= 0 &&
        hex_value(text->s[i + 2]) >= 0) {
      c = hex_value(text->s[i + 1]) * 16 + hex_value(text->s[i + 2]);
      i += 2;
    }
    if (c < ' ' || c == '\\') continue;
    if (c >= 'A' && c <= 'Z') c |= 0x20;
    /* Its first letter is nowhere else in it. */
    matched = c == name[matched] ? matched + 1 : c == name[0];
    if (matched == (int)sizeof(name) - 1) return 1;
  }
  return 0;
}

/* An identity in which no URI can be found cannot be trusted to be free of verstat: it is removed.
 * 1 if the header stays, 0 if it is removed, -1 if neither could be done. */
static int mark_header(sip_msg_t* msg, const hdr_field_t* header, const cv_record_t* record,
                       int into) {
  static char text[HEADER_MAX];
  const int from = into == CALLVET_MARK_FROM;
  const int marked = into == record->mark_header && record->fields[CVF_MARK].len > 0;
  int len;
  /* Of two callers only the first was judged. */
  if (from && first_value(header->body.s, header->body.len) < header->body.len) return -1;
  /* Nothing is removed, nor written. */
  if (from && !marked && !may_hold_verstat(&header->body)) return 1;
  len = mark_values(record, into, &header->body, text, sizeof(text));
  if (len >= 0) return replace_body(msg, header, text, len) < 0 ? -1 : 1;
  if (!from) return remove_header(msg, header);
  /* From cannot be removed: a URI of another kind may stay if no verstat can be in it. */
  return may_hold_verstat(&header->body) ? -1 : 1;
}

/* The header of the Reason value `i`, in memory of this function until its next call; nothing
 * behind the last one. A value has at most the token of the call in it. */
static str reason_header(const cv_record_t* record, int i) {
  static const str name = str_init("Reason: ");
  static char line[sizeof("Reason: \r\n") + CV_LISTS_SIZE];
  str value, header = {NULL, 0};
  if (cv_list_at(&record->fields[CVF_REPLY_HEADERS], i, &value) < 0 || value.len > CV_LISTS_SIZE)
    return header;
  memcpy(line, name.s, name.len);
  memcpy(line + name.len, value.s, value.len);
  memcpy(line + name.len + value.len, "\r\n", 2);
  header.s = line;
  header.len = name.len + value.len + 2;
  return header;
}

/* `record` with P-Asserted-Identity as the header that is marked. */
static cv_record_t marking_pai(const cv_record_t* record) {
  cv_record_t as_pai = *record;
  as_pai.mark_header = CALLVET_MARK_PAI;
  if (as_pai.fields[CVF_MARK].len == 0) as_pai.fields[CVF_MARK] = record->fields[CVF_VERSTAT];
  return as_pai;
}

/* Of From the URI alone: its display name and tag are no part of an asserted identity. */
static int mark_from(sip_msg_t* msg, const cv_record_t* record, char* buffer, int* size) {
  static char uri[HEADER_MAX];
  str value = {uri, 0};
  if (msg->from == NULL || parse_from_header(msg) < 0) return -1;
  value.len = snprintf(uri, sizeof(uri), "<%.*s>", get_from(msg)->uri.len, get_from(msg)->uri.s);
  if (value.len >= (int)sizeof(uri)) return -1;
  return cv_mark(record, CALLVET_MARK_PAI, &value, buffer, size);
}

/* An identity for a call that asserts none that could be marked: of From, or, if that has no number
 * or name to show either, of nobody, so that the called side learns the result in any case. Nobody
 * is never who was verified. */
static int mark_caller(sip_msg_t* msg, const cv_record_t* record, char* buffer, int* size) {
  static str nobody = str_init("<sip:anonymous@anonymous.invalid>");
  const int room = *size;
  if (mark_from(msg, record, buffer, size) == 0) return 0;
  *size = room;
  return cv_mark(record, CALLVET_MARK_PAI, &nobody, buffer, size);
}

int cv_marked_identity(sip_msg_t* msg, const cv_record_t* record, char* buffer, int* size) {
  const cv_record_t as_pai = marking_pai(record);
  const hdr_field_t* header;
  int used = 0, i;
  if (parse_headers(msg, HDR_EOH_F, 0) < 0) return -1;
  for (header = msg->headers; header != NULL; header = header->next) {
    int begin = used > 0 ? used + 2 : 0, len;
    if (!named(header, &pai_name) || is_stripped(header, record)) continue;
    if (!has_value(&header->body) || begin >= *size) continue;
    len = mark_values(&as_pai, CALLVET_MARK_PAI, &header->body, buffer + begin, *size - begin);
    if (len <= 0) continue; /* as one that cv_apply removes */
    if (used > 0) memcpy(buffer + used, ", ", 2);
    used = begin + len;
  }
  if (used == 0) return mark_caller(msg, &as_pai, buffer, size);
  for (i = 0; i < used; i++) { /* folded */
    if (buffer[i] == '\r' || buffer[i] == '\n') buffer[i] = ' ';
  }
  *size = used;
  return 0;
}

static int add_asserted_identity(sip_msg_t* msg, const cv_record_t* record) {
  static char line[HEADER_MAX];
  int prefix = sprintf(line, "%s: ", pai_name.s);
  int size = (int)sizeof(line) - prefix - 2;
  if (mark_caller(msg, record, line + prefix, &size) < 0) return -1;
  memcpy(line + prefix + size, "\r\n", 2);
  return add_header(msg, line, prefix + size + 2);
}

/* Whether the URI of From is one that verstat can be written into. */
static int from_can_be_marked(sip_msg_t* msg, const cv_record_t* record) {
  static char text[HEADER_MAX];
  return msg->from != NULL &&
         mark_values(record, CALLVET_MARK_FROM, &msg->from->body, text, sizeof(text)) > 0;
}

/* Other headers that show a number: no verdict is about them, so none has a verstat. */
static int shows_number(const hdr_field_t* header) {
  static const str names[] = {str_init("P-Preferred-Identity"), str_init("Remote-Party-ID"),
                              str_init("Diversion"), str_init("History-Info")};
  size_t i;
  for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
    if (named(header, &names[i])) return 1;
  }
  return 0;
}

/* Whose number it is, as its sender says. */
static int asserts_identity(const hdr_field_t* header) {
  static const str names[] = {str_init("P-Preferred-Identity"), str_init("Remote-Party-ID")};
  return named(header, &pai_name) || named(header, &names[0]) || named(header, &names[1]);
}

/* What goes on to the called side. */
static int tag_call(sip_msg_t* msg, const cv_record_t* judged) {
  const hdr_field_t* header;
  cv_record_t record = *judged;
  const int marks = record.fields[CVF_MARK].len > 0;
  int asserted = 0;
  if (parse_headers(msg, HDR_EOH_F, 0) < 0) return -1;
  /* A caller whose From has no number must not go on unmarked because the mark belongs there. */
  if (marks && record.mark_header == CALLVET_MARK_FROM && !from_can_be_marked(msg, &record))
    record = marking_pai(&record);
  for (header = msg->headers; header != NULL; header = header->next) {
    int stays = 1;
    if (is_stripped(header, &record)) {
      stays = remove_header(msg, header);
    } else if (named(header, &pai_name)) {
      stays = has_value(&header->body) ? mark_header(msg, header, &record, CALLVET_MARK_PAI)
                                       : remove_header(msg, header);
      asserted |= stays > 0;
    } else if (shows_number(header)) {
      stays = mark_header(msg, header, &record, MARK_NOTHING);
    } else if (header->type == HDR_FROM_T) {
      stays = mark_header(msg, header, &record, CALLVET_MARK_FROM);
    }
    if (stays < 0) return -1;
  }
  if (marks && !asserted && record.mark_header == CALLVET_MARK_PAI &&
      add_asserted_identity(msg, &record) < 0)
    return -1;
  return 0;
}

int cv_strip(sip_msg_t* msg, const cv_record_t* record) {
  const hdr_field_t* header;
  cv_record_t bare = *record;
  bare.fields[CVF_MARK].len = 0;
  if (parse_headers(msg, HDR_EOH_F, 0) < 0) return -1;
  for (header = msg->headers; header != NULL; header = header->next) {
    int stays = 1;
    if (is_stripped(header, record) || asserts_identity(header))
      stays = remove_header(msg, header);
    else if (shows_number(header))
      stays = mark_header(msg, header, &bare, MARK_NOTHING);
    else if (header->type == HDR_FROM_T)
      stays = mark_header(msg, header, &bare, CALLVET_MARK_FROM);
    if (stays < 0) return -1;
  }
  return 0;
}

int cv_add_reason(sip_msg_t* msg, const cv_record_t* record) {
  const int relayed = msg->first_line.type == SIP_REPLY;
  str header;
  int i;
  if (record->fields[CVF_REPLY_HEADERS].len == 0) return 0; /* nearly always */
  if (relayed && parse_headers(msg, HDR_EOH_F, 0) < 0) return -1;
  for (i = 0; (header = reason_header(record, i)).s != NULL; i++) {
    const int failed = relayed ? add_header(msg, header.s, header.len) < 0
                               : add_lump_rpl(msg, header.s, header.len, LUMP_RPL_HDR) == NULL;
    if (failed) return -1;
  }
  return 0;
}

int cv_apply(sip_msg_t* msg, const cv_record_t* record) {
  str phrase = record->fields[CVF_REPLY_PHRASE];
  if (record->action != CALLVET_REJECT) {
    if (tag_call(msg, record) < 0) {
      LM_ERR("a call could not be tagged\n");
      return CV_ERROR;
    }
    return 1;
  }
  if (cv_add_reason(msg, record) < 0) LM_ERR("a reply goes without Reason\n");
  if (cv_slb.freply(msg, record->reply_code, &phrase) < 0) {
    LM_ERR("a call could not be answered\n");
    return CV_ERROR;
  }
  return -1;
}
