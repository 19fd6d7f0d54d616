//! Copies the mails of the catcher to a folder, as the features read them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle, sleep};
use std::time::Duration;

use crate::pages::get;

/// A thread that copies until this is dropped.
pub struct Mails {
    /// Where they are.
    pub folder: PathBuf,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Mails {
    /// Starts to copy.
    pub fn follow(port: u16, folder: &Path) -> Mails {
        fs::create_dir_all(folder).unwrap();
        let (folder, stop) = (folder.to_owned(), Arc::new(AtomicBool::new(false)));
        let (into, stopped) = (folder.clone(), Arc::clone(&stop));
        let thread = thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                copy_new(port, &into);
                sleep(Duration::from_millis(200));
            }
        });
        Mails {
            folder,
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for Mails {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _its_panic_is_reported = self.thread.take().map(JoinHandle::join);
    }
}

fn copy_new(port: u16, folder: &Path) {
    let list: serde_json::Value = serde_json::from_str(&get(port, "/api/v1/messages?limit=500")).unwrap();
    for message in list["messages"].as_array().unwrap() {
        let id = message["ID"].as_str().unwrap();
        let file = folder.join(format!("{id}.eml"));
        if !file.exists() {
            let part = file.with_extension("part");
            // The features read links from mails as the service writes them to a folder, without quoted-printable (RFC 2045 §6.7).
            let mail = get(port, &format!("/api/v1/message/{id}/raw"));
            fs::write(&part, mail.replace("=\r\n", "").replace("=3D", "=")).unwrap();
            fs::rename(part, file).unwrap();
        }
    }
}
