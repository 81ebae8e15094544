//! Generates the parser from `grammar/` when the compiler is part of the build.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    #[cfg(feature = "compiler")]
    lalrpop::Configuration::new()
        .emit_rerun_directives(true)
        .process_dir("grammar")?;
    Ok(())
}
