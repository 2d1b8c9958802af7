CREATE TABLE "public"."countersign_records_version" (
    step integer NOT NULL PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE "public"."countersign_records" (
    key bytea NOT NULL PRIMARY KEY CHECK (octet_length(key) = 16),
    version bytea NOT NULL CHECK (octet_length(version) = 16),
    expires_at bigint,
    record bytea NOT NULL
);
ALTER TABLE "public"."countersign_records" ALTER COLUMN record SET STORAGE EXTERNAL;
CREATE INDEX "countersign_records_expires_at" ON "public"."countersign_records" (expires_at)
    WHERE expires_at IS NOT NULL;
INSERT INTO "public"."countersign_records_version" (step) VALUES (1);
