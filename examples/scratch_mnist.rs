use digits::{mnist::Split, picture::normalise_image};
use image::GrayImage;
fn main() {
    let test = Split::embedded().unwrap().validation;
    let mut bad = vec![];
    for index in 0..1000 {
        let image = test.image(index);
        let found = normalise_image(&GrayImage::from_raw(28, 28, image.to_vec()).unwrap());
        let d: f32 = match &found { None => 9.0, Some(f) => {
            let s: f32 = image.iter().map(|&p| f32::from(p) / 255.0).sum();
            image.iter().zip(f).map(|(&a, b)| (f32::from(a) / 255.0 - b).abs()).sum::<f32>() / s } };
        if d > 0.02 { bad.push((index, d, test.labels[index])); }
    }
    println!("{} {:?}", bad.len(), &bad[..bad.len().min(30)]);
}
