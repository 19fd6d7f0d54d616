//! Files of other formats are refused for one true reason; gzip, pipes and standard input are read.

use crate::support::database::Database;
use crate::support::program::{run, run_with_input, stderr, stdout};
use crate::support::sample_data::small;
use crate::support::temp_file::TempFile;
use flate2::Compression;
use flate2::write::GzEncoder;
use portcullis::domain::batches::import;
use portcullis::domain::batches::outcome::{ImportError, Progress};
use std::io::Write;

const CSV: &str = "orig_code,dest_code,day,price\nCNGGZ,EETLL,2021-02-01,5\n";

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn utf_16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// C17: A file of another format is refused in one line that names the format.
#[test]
fn other_formats_are_refused_by_name() {
    let dump = small();
    let packed = gzip(dump.as_bytes());
    let damaged = [&packed[..packed.len() - 8], &[0; 8]].concat();
    let mut tar = vec![0; 1024];
    tar[..7].copy_from_slice(b"toc.dat");
    tar[257..262].copy_from_slice(b"ustar");
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (
            b"PGDMP\x01\x0e\x00\x04\x08\n\xff\x01".to_vec(),
            "pg_dump's custom format",
        ),
        (tar, "is a tar archive"),
        (b"PK\x03\x04\x14\x00\n\n\n".to_vec(), "is a ZIP archive"),
        (b"\x28\xb5\x2f\xfd\x04\n\xff\n".to_vec(), "compressed with zstd"),
        (b"\xfd7zXZ\x00\x00\n\xff".to_vec(), "compressed with xz"),
        (b"BZh91AY&SY\n".to_vec(), "compressed with bzip2"),
        (b"PGCOPY\n\xff\r\n\x00\x00".to_vec(), "COPY's binary format"),
        ([b"\xff\xfe".to_vec(), utf_16(&dump)].concat(), "UTF-16"),
        (utf_16(&dump), "UTF-16"),
        (dump.replace('\n', "\r").into_bytes(), "has CR as line ends"),
        (CSV.replace('\n', "\r").into_bytes(), "has CR as line ends"),
        (CSV.replace(',', ";").into_bytes(), "separated by semicolons"),
        (CSV.replace(',', "\t").into_bytes(), "separated by tabs"),
        (CSV.split_once('\n').unwrap().1.into(), "is neither CSV"),
        (
            CSV.replace("orig_code", "\"\",orig_code").into_bytes(),
            "column without a name",
        ),
        (b"hello\nworld\n".to_vec(), "line 1: is neither CSV"),
        (b"\n \n".to_vec(), "the file is empty"),
        (b"abc\0def\n".to_vec(), "NUL"),
        (gzip(&packed), "compressed with gzip twice"),
        (packed[..packed.len() / 2].to_vec(), "truncated"),
        (damaged, "corrupt"),
    ];
    for (bytes, reason) in cases {
        let output = run(
            &["import", "--check", TempFile::new("dat", bytes).path_str()],
            &[],
        );
        assert_eq!(output.status.code(), Some(1), "{reason}");
        assert!(
            stderr(&output).contains(reason),
            "{reason:?} is missing in {}",
            stderr(&output)
        );
        assert_eq!(stderr(&output).lines().count(), 1, "{}", stderr(&output));
    }
    let folder = run(&["import", "--check", "/"], &[]);
    assert!(stderr(&folder).contains("is a directory"), "{}", stderr(&folder));
}

/// C17: CSV with every field in quotes, header included, is imported.
#[test]
fn a_csv_with_a_quoted_header_is_imported() {
    let database = Database::with_data(&small());
    let quoted =
        "\"orig_code\",\"dest_code\",\"day\",\"price\"\r\n\"CNGGZ\",\"EETLL\",\"2021-02-01\",\"5\"\r\n";
    assert_eq!(database.import(quoted).unwrap().prices, 1);
    let error = database
        .import(&quoted.replace("\"price\"", "\"cost\""))
        .unwrap_err();
    assert_eq!(error.to_string(), "line 1, price: is missing from the header");
}

/// C17: Compressed files, pipes and standard input are read like files.
#[test]
fn pipes_and_compressed_files_are_imported() {
    let dump = small();
    for (path, input) in [
        ("-", dump.clone().into_bytes()),
        ("/dev/stdin", dump.clone().into_bytes()),
        ("-", gzip(dump.as_bytes())),
    ] {
        let database = Database::fresh();
        let output = run_with_input(&["import", path], &database.pairs(), &input);
        assert!(
            stdout(&output).starts_with("imported 14 prices, "),
            "{path}: {}",
            stderr(&output)
        );
        let output = run_with_input(&["import", "--check", path], &[], &input);
        assert_eq!(
            stdout(&output),
            "14 prices, 5 ports, 5 regions: valid\n",
            "{path}"
        );
    }
    let file = TempFile::new("gz", gzip(dump.as_bytes()));
    assert_eq!(Database::fresh().import_file(file.path()).unwrap().prices, 14);
    let output = run_with_input(&["import", "--check", "-"], &[], b"");
    assert!(
        stderr(&output).contains("the file is empty"),
        "{}",
        stderr(&output)
    );
}

/// C13: A file that changes between the passes is rejected, and nothing is stored.
#[test]
fn a_file_that_changes_while_it_is_imported_is_rejected() {
    let database = Database::with_data(&small());
    let row = "CNGGZ,EETLL,2021-02-01,5\n";
    let text = CSV.to_owned() + &row.repeat(100_000);
    let file = TempFile::new("csv", &text);
    let result = import(&database.settings(&[]).database, file.path(), &mut |progress| {
        if matches!(progress, Progress::Stored(..)) {
            std::fs::write(file.path(), text.clone() + row).unwrap();
        }
    });
    let Err(ImportError::Store(error)) = result else {
        panic!("{result:?}")
    };
    assert!(error.to_string().contains("changed"), "{error}");
    assert_eq!(
        database.lines("SELECT count(*)::text AS line FROM rates.prices"),
        ["14"]
    );
}
