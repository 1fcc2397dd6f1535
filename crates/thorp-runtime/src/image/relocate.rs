//! What of a position-independent program's file changes when it gets an address of its own.
//!
//! The format is that of the System V ABI, with the x86-64 supplement for the kinds of relocation.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use object::elf::{
    self, DT_FINI, DT_FINI_ARRAY, DT_GNU_HASH, DT_INIT, DT_INIT_ARRAY, DT_JMPREL, DT_NULL,
    DT_PLTGOT, DT_PLTRELSZ, DT_RELA, DT_RELACOUNT, DT_RELASZ, DT_STRTAB, DT_SYMTAB, DT_VERNEED,
    DT_VERSYM, DynamicTag, PF_W, PT_DYNAMIC, PT_GNU_STACK, PT_LOAD,
};
use object::pod::{self, Pod};
use object::{LittleEndian as Le, U64};

type Header = elf::FileHeader64<Le>;
type Segment = elf::ProgramHeader64<Le>;
type Entry = elf::Dyn64<Le>;
type Relocation = elf::Rela64<Le>;
type Symbol = elf::Sym64<Le>;

/// Header and segments are within the first page.
const HEAD_BYTES: usize = 4096;
/// More than any table of Deno has, so that a broken file costs little memory.
const TABLE_BYTES_MAX: u64 = 64 << 20;

/// Entries of the dynamic section that are addresses.
const ADDRESSES: [DynamicTag; 12] = [
    DT_PLTGOT,
    DT_STRTAB,
    DT_SYMTAB,
    DT_RELA,
    DT_INIT,
    DT_FINI,
    DT_JMPREL,
    DT_INIT_ARRAY,
    DT_FINI_ARRAY,
    DT_GNU_HASH,
    DT_VERSYM,
    DT_VERNEED,
];
/// Entries that stay as they are. What else there may be, nobody has looked at.
const OTHERS: [DynamicTag; 17] = [
    DT_NULL,
    elf::DT_NEEDED,
    elf::DT_RPATH,
    elf::DT_RUNPATH,
    elf::DT_FLAGS,
    elf::DT_FLAGS_1,
    elf::DT_DEBUG,
    DT_RELASZ,
    elf::DT_RELAENT,
    DT_RELACOUNT,
    DT_PLTRELSZ,
    elf::DT_PLTREL,
    elf::DT_SYMENT,
    elf::DT_STRSZ,
    elf::DT_INIT_ARRAYSZ,
    elf::DT_FINI_ARRAYSZ,
    elf::DT_VERNEEDNUM,
];

/// A piece of the file.
#[derive(Debug)]
pub(super) struct Part {
    /// In the file.
    pub(super) offset: u64,
    /// What is to be there.
    pub(super) bytes: Vec<u8>,
    address: u64,
}

/// All pieces of the program that differ once it lies at `base`, which is a multiple of the page size.
pub(super) fn parts(program: &File, base: u64) -> io::Result<Vec<Part>> {
    let mut head = Part::read(program, 0, 0, HEAD_BYTES as u64)?;
    let segments = segments(&head.bytes)?;
    if segments
        .iter()
        .any(|it| !base.is_multiple_of(it.p_align.get(Le).max(1)))
    {
        return Err(not_movable("its segments want a coarser address"));
    }
    let loaded = || segments.iter().filter(|it| it.p_type.get(Le) == PT_LOAD);
    let mut memory = loaded()
        .filter(|it| it.p_flags.get(Le).contains(PF_W))
        .map(|it| {
            Part::read(
                program,
                it.p_offset.get(Le),
                it.p_vaddr.get(Le),
                it.p_filesz.get(Le),
            )
        })
        .collect::<io::Result<Vec<_>>>()?;
    let dynamic = segments
        .iter()
        .find(|it| it.p_type.get(Le) == PT_DYNAMIC)
        .ok_or_else(|| not_movable("it has no dynamic section"))?;
    let (place, length) = (dynamic.p_vaddr.get(Le), dynamic.p_filesz.get(Le));
    let entries = all::<Entry>(within(&mut memory, place, length)?)?;
    let tables = Tables::of(entries)?;
    let table = |address, length| {
        let segment = loaded().find(|it| {
            let start = it.p_vaddr.get(Le);
            (start..start.saturating_add(it.p_filesz.get(Le))).contains(&address)
        });
        let segment = segment.ok_or_else(|| not_movable("a table is in no segment"))?;
        let offset = segment.p_offset.get(Le) + (address - segment.p_vaddr.get(Le));
        Part::read(program, offset, address, length)
    };
    let mut relocations = table(tables.relocations.0, tables.relocations.1)?;
    let mut calls = table(tables.calls.0, tables.calls.1)?;
    let mut symbols = table(tables.symbols.0, tables.symbols.1)?;

    let left = apply(all_mut(&mut relocations.bytes)?, &mut memory, base)?;
    for call in all_mut::<Relocation>(&mut calls.bytes)? {
        check_kind(call)?;
        let place = call.r_offset.get(Le);
        call.r_offset.set(Le, place.wrapping_add(base));
        // Before its first use, a function's pointer leads to the code that looks the function up.
        let pointer = all_mut::<U64<Le>>(within(&mut memory, place, 8)?)?;
        pointer
            .iter_mut()
            .for_each(|it| it.set(Le, it.get(Le).wrapping_add(base)));
    }
    all_mut(&mut symbols.bytes)?
        .iter_mut()
        .for_each(|symbol| move_symbol(symbol, base));
    let entries = all_mut::<Entry>(within(&mut memory, place, length)?)?;
    move_entries(entries, base, left);
    move_head(&mut head.bytes, segments.len(), base)?;
    memory.extend([head, relocations, calls, symbols]);
    Ok(memory)
}

/// Where the tables are that have to be changed: address and length in bytes.
struct Tables {
    relocations: (u64, u64),
    calls: (u64, u64),
    symbols: (u64, u64),
}

impl Tables {
    fn of(entries: &[Entry]) -> io::Result<Self> {
        let tag = |entry: &Entry| entry.d_tag.get(Le);
        let known = |entry: &Entry| {
            [&ADDRESSES[..], &OTHERS]
                .iter()
                .any(|tags| tags.contains(&tag(entry)))
        };
        if let Some(entry) = entries.iter().find(|entry| !known(entry)) {
            return Err(not_movable(&format!(
                "its dynamic section has {:#x}",
                tag(entry).0
            )));
        }
        let value = |wanted| {
            entries
                .iter()
                .find(|entry| tag(entry) == wanted)
                .map(|it| it.d_val.get(Le))
        };
        let needed = |wanted| value(wanted).ok_or_else(|| not_movable("a table is missing"));
        let symbols = needed(DT_SYMTAB)?;
        // How many there are is not said: they end at the latest where the next table begins.
        let next = ADDRESSES
            .iter()
            .filter_map(|tag| value(*tag))
            .filter(|it| *it > symbols)
            .min();
        let next = next.ok_or_else(|| not_movable("its symbols have no end"))?;
        let size = size_of::<Symbol>() as u64;
        Ok(Self {
            relocations: (needed(DT_RELA)?, needed(DT_RELASZ)?),
            calls: value(DT_JMPREL)
                .zip(value(DT_PLTRELSZ))
                .unwrap_or((symbols, 0)),
            symbols: (symbols, (next - symbols) / size * size),
        })
    }
}

/// Corrects the pointers of the program into itself, and says how many relocations are left for the dynamic linker; these
/// come first then.
fn apply(relocations: &mut [Relocation], memory: &mut [Part], base: u64) -> io::Result<usize> {
    let mut left = 0;
    for index in 0..relocations.len() {
        let mut relocation = relocations[index];
        check_kind(&relocation)?;
        let place = relocation.r_offset.get(Le);
        if relocation.r_type(Le, false) == elf::R_X86_64_RELATIVE {
            let pointer = base.wrapping_add_signed(relocation.r_addend.get(Le));
            within(memory, place, 8)?.copy_from_slice(&pointer.to_le_bytes());
        } else {
            relocation.r_offset.set(Le, place.wrapping_add(base));
            relocations[left] = relocation;
            left += 1;
        }
    }
    Ok(left)
}

/// What is not a pointer into the program itself must be one to a symbol, which the dynamic linker finds by its name.
fn check_kind(relocation: &Relocation) -> io::Result<()> {
    use elf::{
        R_X86_64_64, R_X86_64_COPY, R_X86_64_GLOB_DAT, R_X86_64_JUMP_SLOT, R_X86_64_RELATIVE,
    };
    let by_name = [
        R_X86_64_64,
        R_X86_64_COPY,
        R_X86_64_GLOB_DAT,
        R_X86_64_JUMP_SLOT,
    ];
    let kind = relocation.r_type(Le, false);
    let is_known = match relocation.r_sym(Le, false) {
        0 => kind == R_X86_64_RELATIVE,
        _ => by_name.contains(&kind),
    };
    is_known
        .then_some(())
        .ok_or_else(|| not_movable(&format!("a relocation of kind {}", kind.0)))
}

fn move_symbol(symbol: &mut Symbol, base: u64) {
    let section = symbol.st_shndx.get(Le);
    let is_address = section != elf::SHN_UNDEF
        && section != elf::SHN_ABS
        && symbol.st_info.st_type() != elf::STT_TLS;
    if is_address {
        symbol
            .st_value
            .set(Le, symbol.st_value.get(Le).wrapping_add(base));
    }
}

fn move_entries(entries: &mut [Entry], base: u64, relocations_left: usize) {
    for entry in entries {
        let tag = entry.d_tag.get(Le);
        let value = entry.d_val.get(Le);
        if ADDRESSES.contains(&tag) {
            entry.d_val.set(Le, value.wrapping_add(base));
        } else if tag == DT_RELASZ {
            entry
                .d_val
                .set(Le, (relocations_left * size_of::<Relocation>()) as u64);
        } else if tag == DT_RELACOUNT {
            entry.d_val.set(Le, 0);
        }
    }
}

fn move_head(head: &mut [u8], segments: usize, base: u64) -> io::Result<()> {
    let (header, _) = pod::from_bytes_mut::<Header>(head).map_err(|()| cut_off())?;
    header.e_type.set(Le, elf::ET_EXEC);
    header
        .e_entry
        .set(Le, header.e_entry.get(Le).wrapping_add(base));
    let offset = header.e_phoff.get(Le) as usize;
    let table = head.get_mut(offset..).ok_or_else(cut_off)?;
    let (table, _) =
        pod::slice_from_bytes_mut::<Segment>(table, segments).map_err(|()| cut_off())?;
    for segment in table
        .iter_mut()
        .filter(|it| it.p_type.get(Le) != PT_GNU_STACK)
    {
        segment
            .p_vaddr
            .set(Le, segment.p_vaddr.get(Le).wrapping_add(base));
        segment
            .p_paddr
            .set(Le, segment.p_paddr.get(Le).wrapping_add(base));
    }
    Ok(())
}

fn segments(head: &[u8]) -> io::Result<Vec<Segment>> {
    let (header, _) = pod::from_bytes::<Header>(head).map_err(|()| cut_off())?;
    let ident = &header.e_ident;
    let is_of_this_kind = ident.magic == elf::ELFMAG
        && ident.class == elf::ELFCLASS64
        && ident.data == elf::ELFDATA2LSB
        && header.e_type.get(Le) == elf::ET_DYN
        && header.e_machine.get(Le) == elf::EM_X86_64
        && usize::from(header.e_phentsize.get(Le)) == size_of::<Segment>();
    if !is_of_this_kind {
        return Err(not_movable(
            "it is not position-independent, or not for x86-64",
        ));
    }
    let table = usize::try_from(header.e_phoff.get(Le))
        .ok()
        .and_then(|offset| head.get(offset..));
    let (table, _) =
        pod::slice_from_bytes(table.ok_or_else(cut_off)?, header.e_phnum.get(Le).into())
            .map_err(|()| cut_off())?;
    Ok(table.to_vec())
}

impl Part {
    fn read(file: &File, offset: u64, address: u64, length: u64) -> io::Result<Self> {
        if length > TABLE_BYTES_MAX {
            return Err(not_movable("a table is too large"));
        }
        // Bounded above.
        let mut bytes = vec![0; length as usize];
        file.read_exact_at(&mut bytes, offset)?;
        Ok(Self {
            offset,
            bytes,
            address,
        })
    }
}

fn within(parts: &mut [Part], address: u64, length: u64) -> io::Result<&mut [u8]> {
    parts
        .iter_mut()
        .find_map(|part| {
            let start = usize::try_from(address.checked_sub(part.address)?).ok()?;
            let end = start.checked_add(usize::try_from(length).ok()?)?;
            part.bytes.get_mut(start..end)
        })
        .ok_or_else(|| not_movable("it changes memory that is not written"))
}

fn all<T: Pod>(bytes: &[u8]) -> io::Result<&[T]> {
    pod::slice_from_all_bytes(bytes).map_err(|()| cut_off())
}

fn all_mut<T: Pod>(bytes: &mut [u8]) -> io::Result<&mut [T]> {
    pod::slice_from_all_bytes_mut(bytes).map_err(|()| cut_off())
}

fn cut_off() -> io::Error {
    not_movable("a table is cut off")
}

fn not_movable(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}
