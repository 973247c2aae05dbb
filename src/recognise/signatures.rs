//! What files begin with.

use super::{Kind, Recognised};

const UNPACK: &str = "unpack it first, and open what is in it";
const IMAGE: &str = "a picture holds neither a model nor a text; choose another file";
const SOUND: &str = "there is no model and no text in it; choose another file";
const DOCUMENT: &str = "save its text as plain text (.txt) first, and train on that";
const OTHER_MODEL: &str =
    "it holds another kind of model; choose a Wave Field model as .safetensors";
const PROGRAM: &str = "choose a model, a training or a text";
pub(super) const CONVERT: &str = "convert it with Python: safetensors.torch.save_file(state_dict, \
    \"model.safetensors\", metadata), where the metadata has the configuration";

/// Where a signature stands, the signature, what the file is, and what to do.
type Signature = (usize, &'static [u8], &'static str, &'static str);

#[rustfmt::skip]
const SIGNATURES: [Signature; 66] = [
    (0, b"version https://git-lfs.github.com/spec/", "a Git LFS pointer, which only stands for the file",
     "fetch the file itself with `git lfs pull`, or download it from the repository's page"),
    (0, b"GGUF", "a GGUF model", OTHER_MODEL),
    (0, b"ggml", "a GGML model", OTHER_MODEL), (0, b"tjgg", "a GGML model", OTHER_MODEL), (0, b"lmgg", "a GGML model", OTHER_MODEL),
    (0, b"\x93NUMPY", "a NumPy array", "save the whole model as .safetensors instead"),
    (0, b"\x89HDF\r\n", "an HDF5 file (Keras)", OTHER_MODEL),
    (4, b"TFL3", "a TensorFlow Lite model", OTHER_MODEL),
    (0, b"%PDF-", "a PDF document", DOCUMENT), (0, b"{\\rtf", "a formatted text (RTF)", DOCUMENT),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a document of an older office program (Word, Excel)", DOCUMENT),
    (0, b"%!PS", "a PostScript document", DOCUMENT), (0, b"AT&TFORM", "a DjVu document", DOCUMENT),
    (60, b"BOOKMOBI", "an electronic book", DOCUMENT),
    (0, b"\x89PNG\r\n", "a picture (PNG)", IMAGE), (0, b"\xff\xd8\xff", "a picture (JPEG)", IMAGE),
    (0, b"GIF87a", "a picture (GIF)", IMAGE), (0, b"GIF89a", "a picture (GIF)", IMAGE), (8, b"WEBP", "a picture (WebP)", IMAGE),
    (0, b"II*\0", "a picture (TIFF)", IMAGE), (0, b"MM\0*", "a picture (TIFF)", IMAGE), (0, b"8BPS", "a picture (Photoshop)", IMAGE),
    (0, b"\0\0\x01\0", "a picture (an icon)", IMAGE), (0, b"\0\0\0\x0cjP  ", "a picture (JPEG 2000)", IMAGE), (0, b"\xff\x0a", "a picture (JPEG XL)", IMAGE),
    (4, b"ftypheic", "a picture (HEIC)", IMAGE), (4, b"ftypmif1", "a picture (HEIF)", IMAGE), (4, b"ftypavif", "a picture (AVIF)", IMAGE),
    (4, b"ftypM4A", "a sound (M4A)", SOUND), (4, b"ftyp", "a film (MP4)", SOUND), (4, b"moov", "a film (QuickTime)", SOUND),
    (8, b"WAVEfmt", "a sound (WAV)", SOUND), (8, b"AVI LIST", "a film (AVI)", SOUND), (0, b"ID3", "a sound (MP3)", SOUND),
    (0, b"\xff\xfb", "a sound (MP3)", SOUND), (0, b"\xff\xf3", "a sound (MP3)", SOUND), (0, b"\xff\xf1", "a sound (AAC)", SOUND),
    (0, b"OggS", "a sound or a film (Ogg)", SOUND), (0, b"fLaC", "a sound (FLAC)", SOUND), (8, b"AIFF", "a sound (AIFF)", SOUND),
    (0, b"MThd", "music (MIDI)", SOUND), (0, b"\x1a\x45\xdf\xa3", "a film (Matroska, WebM)", SOUND), (0, b"\x30\x26\xb2\x75", "a film or a sound (Windows Media)", SOUND),
    (0, b"FLV\x01", "a film (Flash)", SOUND), (0, b"#!AMR", "a sound (AMR)", SOUND),
    (0, b"\x1f\x8b", "a compressed file (gzip)", UNPACK), (0, b"\x28\xb5\x2f\xfd", "a compressed file (zstd)", UNPACK),
    (0, b"\xfd7zXZ\0", "a compressed file (xz)", UNPACK), (0, b"7z\xbc\xaf\x27\x1c", "an archive (7z)", UNPACK),
    (0, b"Rar!\x1a\x07", "an archive (RAR)", UNPACK), (0, b"\x04\x22\x4d\x18", "a compressed file (LZ4)", UNPACK),
    (257, b"ustar", "an archive (tar)", UNPACK), (0, b"MSCF\0", "an archive (CAB)", UNPACK),
    (0, b"\x7fELF", "a program", PROGRAM), (0, b"\0asm", "a program (WebAssembly)", PROGRAM), (0, b"\xca\xfe\xba\xbe", "a program", PROGRAM),
    (0, b"\xcf\xfa\xed\xfe", "a program", PROGRAM), (0, b"SQLite format 3\0", "a database (SQLite)", PROGRAM),
    (0, b"wOFF", "a font", PROGRAM), (0, b"wOF2", "a font", PROGRAM), (0, b"OTTO\0", "a font", PROGRAM), (0, b"\0\x01\0\0\0", "a font", PROGRAM),
    (0, b"PAR1", "a table (Parquet)", "save its text as plain text (.txt or .csv) first"),
    (0, b"ARROW1\0", "a table (Arrow)", "save its text as plain text (.txt or .csv) first"),
    (0, b"MATLAB 5.0", "a MATLAB file", PROGRAM), (0, b"bplist00", "settings of an Apple program", PROGRAM),
];

/// What the first bytes tell, where they tell anything.
pub(super) fn find(head: &[u8], size: u64) -> Option<Recognised> {
    let stands = |at: usize, what: &[u8]| head.get(at..).is_some_and(|rest| rest.starts_with(what));
    let listed = (SIGNATURES.iter()).find(|(at, signature, ..)| {
        // Letters alone may also begin a text.
        stands(*at, signature) && (!is_word(signature) || head.contains(&0))
    });
    if let Some(&(_, _, what, advice)) = listed {
        return Some(Recognised::new(Kind::Other, what).with(advice));
    }
    let (what, advice) = if is_pickle(head) {
        (
            "a PyTorch file, or another program's objects (pickle)",
            CONVERT,
        )
    } else if is_onnx(head) {
        ("an ONNX model", OTHER_MODEL)
    } else if stands(0, b"BZh") && stands(4, b"1AY&SY") {
        ("a compressed file (bzip2)", UNPACK)
    } else if stands(0, b"BM") && field(head, 2) == Some(size) {
        ("a picture (BMP)", IMAGE)
    } else if stands(0, b"MZ") && head.contains(&0) {
        ("a program", PROGRAM)
    } else {
        return None;
    };
    Some(Recognised::new(Kind::Other, what).with(advice))
}

/// Whether a text might begin so.
fn is_word(signature: &[u8]) -> bool {
    let certain: [&[u8]; 4] = [
        b"%PDF-",
        b"{\\rtf",
        b"%!PS",
        b"version https://git-lfs.github.com/spec/",
    ];
    signature.iter().all(|byte| (b' '..=b'~').contains(byte)) && !certain.contains(&signature)
}

/// Protocols 2 to 5 begin with their number; the older ones are text and begin with no mark.
fn is_pickle(head: &[u8]) -> bool {
    matches!(head, [0x80, 2..=5, next, ..] if b"}]()cXjKMGNC\x8a\x8c\x95".contains(next))
}

/// A message whose first field is the version of the format, and whose next is a text, a number or
/// the graph.
fn is_onnx(head: &[u8]) -> bool {
    matches!(
        head,
        [
            0x08,
            1..=30,
            0x12 | 0x1a | 0x22 | 0x28 | 0x32 | 0x3a | 0x42,
            ..
        ]
    )
}

fn field(head: &[u8], at: usize) -> Option<u64> {
    let (word, _) = head.get(at..)?.split_first_chunk::<4>()?;
    Some(u64::from(u32::from_le_bytes(*word)))
}
