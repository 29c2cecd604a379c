use digits::{mnist::Split, picture::normalise_image};
use image::GrayImage;
fn main() {
    let test = Split::embedded().unwrap().validation;
    for index in [49usize, 585, 589, 480, 217] {
        let image = test.image(index);
        eprintln!("--- {index}");
        let picture = GrayImage::from_raw(28, 28, image.to_vec()).unwrap();
        let found = normalise_image(&picture).unwrap();
        for y in 0..28 { let row: String = (0..28).map(|x| { let v = image[y*28+x]; if v > 170 {'#'} else if v > 60 {'+'} else if v > 0 {'.'} else {' '} }).collect();
            let f: String = (0..28).map(|x| { let v = found[y*28+x]; if v > 0.66 {'#'} else if v > 0.25 {'+'} else if v > 0.0 {'.'} else {' '} }).collect();
            println!("{row}|{f}"); }
        println!("{index}");
    }
}
